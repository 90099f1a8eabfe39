"""Carrying work out side by side: claimed first, retried where a process died of it, stopped within seconds."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from astrobench.isolation import Outcome, run_here, run_isolated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from astrobench.claims import Claims
    from astrobench.isolation import Task

RETRIED = ("crashed", "oom", "timeout")
"""How a task may end for reasons that are not in it; a plugin's own exception would only be raised again."""

ATTEMPTS = 3
LOOK_EVERY = 0.25
PATIENCE = 0.5
"""Seconds that a stopped run waits for its processes to be gone before it leaves them to die with it."""


@dataclass(frozen=True)
class Running:
    """A task that is under way, as a display sees it."""

    name: str
    progress: str


@dataclass(frozen=True)
class Work:
    """Something that is to be done once. key: what is claimed. progress: the file that tells how far it is.

    task: gives what to run on which attempt, or None where nothing is left to do. parts: gives the smaller works to
    try one by one after a process died, so that the guilty one is found and costs no other; () for the whole again.
    about: whatever the work is for.
    """

    name: str
    key: str
    progress: str
    task: Callable[[int], Task | None]
    parts: Callable[[], Sequence[Work]] = tuple
    about: Sequence[Any] = ()
    attempt: int = 1


@dataclass
class Crew:
    """Those who carry work out: `workers` processes at once, or this process itself for a debugger.

    stop: set from anywhere, kills what runs. watch: told a few times a second what is under way.
    """

    claims: Claims
    workers: int
    watch: Callable[[Sequence[Running], str], None]
    in_process: bool = False
    stop: threading.Event = field(default_factory=threading.Event)

    def carry_out(self, works: Sequence[Work]) -> Iterator[tuple[Work, Outcome]]:
        """Give each work with its outcome as it ends. Raises InfraError where the machine is at fault.

        What another run has claimed waits until that run is done with it, and is then looked at again.
        """
        waiting = deque(works)
        running: dict[Future[Outcome], Work] = {}
        with _Pool(self.workers, self.stop, running) as pool:
            try:
                while waiting or running:
                    elsewhere = self._start(pool, waiting, running)
                    yield from self._ended(waiting, running)
                    self._tell(
                        running, elsewhere, f"{max(len(works) - len(waiting) - len(running), 0)} of {len(works)}"
                    )
            finally:
                self.claims.drop_all()

    def _start(self, pool: _Pool, waiting: deque[Work], running: dict[Future[Outcome], Work]) -> list[Work]:
        """Start what nobody else is at, for as long as a worker is free; return what another run was seen to be at."""
        elsewhere = []
        for _ in range(len(waiting)):
            if len(running) >= self.workers:
                break
            work = waiting.popleft()
            if not self.claims.take(work.key):
                waiting.append(work)
                elsewhere.append(work)
            elif (task := work.task(work.attempt)) is None:
                self.claims.drop(work.key)
            elif self.in_process:
                self.watch([Running(work.name, work.progress)], "")
                running[_done(run_here(task))] = work
            else:
                running[pool.submit(run_isolated, task, self.stop)] = work
        return elsewhere

    def _ended(self, waiting: deque[Work], running: dict[Future[Outcome], Work]) -> Iterator[tuple[Work, Outcome]]:
        """Wait a little; give what ended, or line it up for another attempt."""
        if not running:
            self.stop.wait(LOOK_EVERY if waiting else 0)
        for future in wait(running, timeout=LOOK_EVERY, return_when=FIRST_COMPLETED).done:
            work, outcome = running.pop(future), future.result()
            self.claims.drop(work.key)
            again = self._again(work, outcome)
            waiting.extendleft(reversed(again))
            if not again:
                yield work, outcome

    def _again(self, work: Work, outcome: Outcome) -> list[Work]:
        """Return what to try once more after a process died of a work: its parts, or the whole."""
        if outcome.status not in RETRIED or work.attempt >= ATTEMPTS or self.in_process or self.stop.is_set():
            return []
        parts = work.parts() or (work,)
        return [replace(part, attempt=work.attempt + 1) for part in parts]

    def _tell(self, running: dict[Future[Outcome], Work], elsewhere: Sequence[Work], told: str) -> None:
        """Tell the display what is under way, here and in another run; tell the other run that this one lives."""
        self.claims.beat()
        shown = [Running(work.name, work.progress) for work in running.values()]
        self.watch(shown + [Running(f"{work.name}, in another run", work.progress) for work in elsewhere], told)


class _Pool(ThreadPoolExecutor):
    """Threads that each wait for one child; leaving the block early kills the children first."""

    def __init__(self, workers: int, stop: threading.Event, running: dict[Future[Outcome], Work]) -> None:
        super().__init__(max_workers=workers)
        self.stop, self.running = stop, running

    def __exit__(self, *error: Any) -> None:
        if error[0] is not None:
            self.stop.set()
            self.shutdown(wait=False, cancel_futures=True)
            wait(self.running, timeout=PATIENCE)
        else:
            self.shutdown(wait=True)


def _done(outcome: Outcome) -> Future[Outcome]:
    future: Future[Outcome] = Future()
    future.set_result(outcome)
    return future
