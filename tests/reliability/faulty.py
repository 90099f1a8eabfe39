"""Write one file in a process where the n-th call to the disk fails, or where the process dies at it.

    python faulty.py PATH KEEP|REPLACE CALL ACTION N      exit 0 written, 3 no N-th call, 75 told, -9 killed

CALL: open, write, fsync, link, replace, unlink, close. ACTION: the name of an errno, "short", or "kill".
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from pathlib import Path
from typing import Any

from astrobench.errors import InfraError
from astrobench.writing import write_atomically

NEW = b"new" * 20_000


def fail_at(call: str, action: str, number: int) -> list[int]:
    """Wrap os.<call> so that its n-th use fails; return the count of uses as a list of one."""
    real, used = getattr(os, call), [0]

    def wrapped(*words: Any, **more: Any) -> Any:
        used[0] += 1
        if used[0] != number:
            return real(*words, **more)
        if action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if action == "short":
            return real(words[0], bytes(words[1])[:7])
        raise OSError(getattr(errno, action), os.strerror(getattr(errno, action)))

    setattr(os, call, wrapped)
    return used


def main(path: str, mode: str, call: str, action: str, number: str) -> int:
    used = fail_at(call, action, int(number))
    try:
        write_atomically(Path(path), NEW, replace=mode == "REPLACE")
    except InfraError as error:
        print(error)
        return error.exit_code
    return 0 if used[0] >= int(number) else 3


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
