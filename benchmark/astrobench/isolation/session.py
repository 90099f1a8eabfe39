"""The processes of a task: the child, what it started, what they hold in memory, and their end.

A child is made the reaper of its descendants, so that the tree below it is complete even where one of them left its
parent or its session. All of this reads /proc: on a system without it there is no memory cap, and the child's process
group alone is killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path

USABLE = 0.9
"""The part of the machine's memory that tasks may hold together; the rest is for the driver and the system."""

PAGE = os.sysconf("SC_PAGE_SIZE")


def memory_share(workers: int = 1) -> int:
    """Return the bytes that each of `workers` tasks may hold: its share of this machine, or of its control group."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):  # absent, or "max"
            limits.append(int(Path(name).read_text()))
    return int(USABLE * min(limits)) // max(workers, 1)


@dataclass
class Session:
    """The processes of one task. pid: the child. seen: pid → start time of whatever was ever found below it."""

    pid: int
    seen: dict[int, str] = field(default_factory=dict)

    def memory(self) -> int:
        """Return the resident bytes of all processes of the task; pages that they share count once for each."""
        return sum(_resident(pid) for pid in self._look())

    def own_memory(self) -> int:
        """Return their bytes with shared pages divided among the sharers: exact, and dear to ask for."""
        return sum(_proportional(pid) for pid in self._look())

    def kill(self) -> None:
        """End every process of the task, also those that left its group or its session."""
        self._look()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        for pid, born in self.seen.items():
            if _stat(pid)[19:20] == [born]:  # a number may have been given to a stranger since
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)

    def _look(self) -> list[int]:
        pids = _below(self.pid)
        for pid in pids[1:]:
            if pid not in self.seen and (stat := _stat(pid)):
                self.seen[pid] = stat[19]
        return pids


def _below(pid: int) -> list[int]:
    """Return a process and its descendants."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{parent}/task"):
                with contextlib.suppress(OSError):
                    found += map(int, Path(f"/proc/{parent}/task/{thread}/children").read_text().split())
    return found


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/<pid>/stat behind the name: [0] state, [19] start time, [21] resident pages."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _resident(pid: int) -> int:
    stat = _stat(pid)
    return int(stat[21]) * PAGE if stat else 0


def _proportional(pid: int) -> int:
    """Return the proportional set size, or the resident size where the kernel does not tell."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    except (OSError, StopIteration):
        return _resident(pid)
