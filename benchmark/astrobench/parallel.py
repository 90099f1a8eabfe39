"""Work on all cores, for plugins that draw: in this process where it is little, else in processes that end with it."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from typing import TYPE_CHECKING, TypeVar

from astrobench.errors import DataError
from astrobench.progress import report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Item = TypeVar("Item")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Where the libraries that compute look for their number of threads, once, when they are loaded."""


def in_parallel(
    work: Callable[[Item], int], items: Sequence[Item], activity: str, done: int, total: int, *, few: int = 3
) -> None:
    """Do work(item) for each item on all cores, reporting progress by what each call returns.

    `work` must be a top-level function or a partial of one. few: so many items or fewer are done here, where
    starting a worker takes as long. Raises DataError when a worker dies.
    """
    report(activity, done, total)
    workers = min(cores(), len(items))
    finished = _here(work, items) if workers < 2 or len(items) <= few else _in_workers(work, items, workers, activity)
    for step in finished:
        done += step
        report(activity, done, total)


def cores() -> int:
    """Return how many cores to draw on: those this process may use, or ASTROBENCH_CORES."""
    asked = os.environ.get("ASTROBENCH_CORES", "")
    if not asked:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not (asked.isascii() and asked.isdigit()) or int(asked) < 1:
        raise DataError(f"ASTROBENCH_CORES is {asked!r}, want a whole number from 1")
    return int(asked)


def _here(work: Callable[[Item], int], items: Sequence[Item]) -> Iterator[int]:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield from map(work, items)


def _in_workers(work: Callable[[Item], int], items: Sequence[Item], workers: int, activity: str) -> Iterator[int]:
    # Spawned, not forked: a fork of a process with running threads (torch's, BLAS's) may hang.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start_worker)
    try:
        for future in as_completed([pool.submit(work, item) for item in items]):
            yield future.result()
    except BrokenProcessPool:
        raise DataError(f"a worker died while {activity}; set ASTROBENCH_CORES=1 to draw in this process") from None
    finally:
        pool.shutdown(cancel_futures=True)


def limit_threads(threads: int) -> None:
    """Give so many threads to the libraries that compute: those that are loaded, and those that will be.

    Two processes of two threads each on two cores wait for one another: a product of matrices takes 60 times as long.
    """
    from threadpoolctl import threadpool_limits

    threadpool_limits(threads)
    os.environ |= dict.fromkeys(THREADS, str(threads))


def _start_worker() -> None:
    limit_threads(1)  # a worker a core
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
