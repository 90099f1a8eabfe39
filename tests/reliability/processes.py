"""Finding the processes that a driver started, by a mark that they inherit in their environment."""

from __future__ import annotations

import time
from pathlib import Path

MARK = "ASTROBENCH_TEST_MARK"


def marked(mark: str) -> list[int]:
    """Return the processes that carry a mark; a zombie carries none."""
    return [int(p.name) for p in Path("/proc").glob("[0-9]*") if says(int(p.name), "environ", f"{MARK}={mark}")]


def says(pid: int, file: str, text: str) -> bool:
    """Say whether a file of /proc/<pid> holds a text."""
    try:
        return text.encode() in Path(f"/proc/{pid}/{file}").read_bytes()
    except OSError:
        return False


def parent(pid: int) -> int:
    """Return the parent of a process, 0 where it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def left_after(mark: str, seconds: float) -> list[int]:
    """Wait until all that carry a mark are gone; return those that are not."""
    until = time.monotonic() + seconds
    while (left := marked(mark)) and time.monotonic() < until:
        time.sleep(0.05)
    return left
