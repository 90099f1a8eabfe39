"""Standard output and error whose reader may leave, as `head` does, or whose disk may be full."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import Any, TextIO

from astrobench.errors import InfraError


def guard_streams() -> None:
    """Drop what is printed after its reader has left, so that a command ends with the exit code of its own work.

    A letter that the terminal lacks becomes a question mark. A disk that cannot take the output is an InfraError.
    """
    sys.stdout, sys.stderr = guarded(sys.stdout), guarded(sys.stderr)


def guarded(stream: TextIO) -> TextIO:
    """Return a stream to the same file descriptor that outlives its reader; what is no file stays as it is."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    with contextlib.suppress(OSError, ValueError):
        stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(_Descriptor(stream.fileno(), "w", closefd=False)),
        stream.encoding,
        "replace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


class _Descriptor(io.FileIO):
    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            self._drop_the_rest()
            return memoryview(data).nbytes
        except OSError as error:
            self._drop_the_rest()  # or Python would fail once more when it exits
            raise InfraError.of("write", "the output of this command", error) from error

    def _drop_the_rest(self) -> None:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, self.fileno())
        os.close(nothing)
