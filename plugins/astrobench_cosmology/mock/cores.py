"""Work on all cores: in this process where it is little, else in processes that end with it."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from typing import TYPE_CHECKING, TypeVar

from astrobench import DataError, report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Item = TypeVar("Item")

FEW = 12
"""This many tasks or fewer are done here: starting processes takes as long."""


def in_parallel(work: Callable[[Item], int], items: Sequence[Item], activity: str, total: int) -> None:
    """Do work(item) for each item, reporting progress by what each call returns.

    `work` is a top-level function or a partial of one. Raises DataError when a process dies.
    """
    workers, done = min(cores(), len(items)), 0
    report(activity, 0, total)
    for step in map(work, items) if workers < 2 or len(items) <= FEW else _spread(work, items, workers):
        done += step
        report(activity, done, total)


def cores() -> int:
    """Return how many cores to draw on: those this process may use, or ASTROBENCH_CORES."""
    asked = os.environ.get("ASTROBENCH_CORES", "")
    if not asked:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not asked.isdigit() or int(asked) < 1:
        raise DataError(f"ASTROBENCH_CORES is {asked!r}, want a whole number from 1")
    return int(asked)


def _spread(work: Callable[[Item], int], items: Sequence[Item], workers: int) -> Iterator[int]:
    # Spawned, not forked: a fork of a process with running threads may hang.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start)
    try:
        for future in as_completed([pool.submit(work, item) for item in items]):
            yield future.result()
    except BrokenProcessPool:
        raise DataError("a process that draws maps died; set ASTROBENCH_CORES=1 to draw in this one") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
