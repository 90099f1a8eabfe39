"""What a task and its children print goes to a file that stays small: when it is full, the older half is dropped.

The driver reads the pipe, not a thread of the task: a task that prints while it holds the interpreter's lock is not
stuck on its own words, and what it said before it crashed is not lost with it.
"""

from __future__ import annotations

import os
from pathlib import Path

LARGEST_LOG = 2**20


class BoundedLog:
    """The newest words of a task, at most LARGEST_LOG bytes of them."""

    def __init__(self, path: str) -> None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self.file = Path(path).open("ab+", buffering=0)  # noqa: SIM115 - closed by close()
        self.size = os.fstat(self.file.fileno()).st_size

    def add(self, data: bytes) -> None:
        """Append bytes as they are; nobody shows them to a terminal."""
        if self.size + len(data) > LARGEST_LOG:
            self._drop_older()
        self.file.write(data)
        self.size += len(data)

    def close(self) -> None:
        """Let go of the file."""
        self.file.close()

    def _drop_older(self) -> None:
        self.file.seek(-min(self.size, LARGEST_LOG // 2), os.SEEK_END)
        newest = self.file.read()
        self.file.truncate(0)
        self.file.write(newest)
        self.size = len(newest)
