"""Who is at work on what, so that two runs on one results directory share the work instead of doing it twice.

A claim saves work and guards nothing: results are immutable and hashed, whoever writes them, so a claim that is lost,
late or broken costs time and no number. It is a file that is there as long as its owner is: the owner changes it every
few seconds, or, on the same machine, is seen to live. No clock is compared with another machine's, no file is locked.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astrobench.errors import InfraError
from astrobench.writing import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable

BEAT = 10.0
"""Seconds after which an owner changes its claims."""

STALE = 60.0
"""Seconds without a change after which an owner on another machine counts as gone."""


@dataclass
class Claims:
    """The claims of one run on a results directory. folder: <results>/claims."""

    folder: Path
    clock: Callable[[], float] = time.monotonic
    nonce: str = field(default_factory=lambda: os.urandom(8).hex())
    held: dict[str, int] = field(default_factory=dict)
    seen: dict[str, tuple[bytes, float]] = field(default_factory=dict)
    beaten: float = 0.0

    def take(self, name: str) -> bool:
        """Claim some work; return whether it is ours. A claim whose owner is gone is taken over. Raises InfraError."""
        path = self.folder / name
        words = _bytes_of(path)
        if words is None:
            mine = write_atomically(path, self._words(0))
        elif mine := self._gone(name, words):
            write_atomically(path, self._words(0), replace=True)
            mine = _bytes_of(path) == self._words(0)  # of two that take it over, the later has it
        if mine:
            self.held[name] = 0
        return mine

    def drop(self, name: str) -> None:
        """Let go of a claim."""
        if self.held.pop(name, None) is not None:
            with contextlib.suppress(OSError):
                (self.folder / name).unlink()

    def drop_all(self) -> None:
        """Let go of every claim."""
        for name in list(self.held):
            self.drop(name)

    def beat(self) -> None:
        """Show that the owner lives; call it often. A disk that cannot take it costs work done twice and no more."""
        if self.clock() - self.beaten < BEAT:
            return
        self.beaten = self.clock()
        for name in self.held:
            self.held[name] += 1
            with contextlib.suppress(InfraError):
                write_atomically(self.folder / name, self._words(self.held[name]), replace=True)

    def _gone(self, name: str, words: bytes) -> bool:
        """Say whether the owner of a claim is gone: its process is not there, or it has been silent too long."""
        before, since = self.seen.get(name, (None, 0.0))
        if words != before:
            since = self.clock()
            self.seen[name] = words, since
        try:
            owner = json.loads(words)
            if owner["place"] == place():
                return bool(born(owner["pid"]) != owner["born"])
        except (ValueError, TypeError, KeyError, RecursionError):
            pass  # damaged, or of another version: it is stale when it stays as it is
        return self.clock() - since > STALE

    def _words(self, beats: int) -> bytes:
        owner: dict[str, Any] = {"place": place(), "pid": os.getpid(), "born": born(os.getpid())}
        return json.dumps({**owner, "nonce": self.nonce, "beats": beats}, sort_keys=True).encode()


def place() -> str:
    """Return what two processes share that can see one another's numbers: a boot of a machine, and a container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return f"{socket.gethostname()} without /proc"


def born(pid: int) -> str:
    """Return when a process was started, in a form that tells it from a later one of the same number; "" if gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    except FileNotFoundError:
        return "" if Path("/proc/self/stat").exists() or not _answers(pid) else "unknown"
    except (OSError, IndexError):
        return ""


def _answers(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _bytes_of(path: Path) -> bytes | None:
    """Return the bytes of a claim, None where there is none; one that cannot be read is somebody's."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        return b""
