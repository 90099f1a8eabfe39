"""How long work tells how far it is, without knowing who watches: a bar, a log, another process, or nobody."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Watcher = Callable[[str, int, int, str], None]

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


def report(activity: str, done: int, total: int, detail: str = "") -> None:
    """Say that `done` of `total` steps of an activity ("drawing galaxies") are finished. Cheap; call it often."""
    watcher = _watcher.get()
    if watcher is not None:
        watcher(activity, done, total, detail)


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Send every report made inside the block to `watcher(activity, done, total, detail)`."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)
