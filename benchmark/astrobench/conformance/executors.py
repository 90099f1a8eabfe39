"""An executor: a real `concurrent.futures.Executor`."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from astrobench.conformance.rules import expect

if TYPE_CHECKING:
    from astrobench.conformance.rules import Case

SECONDS = 60.0


@dataclass(frozen=True, eq=False)
class Subject:
    """An executor, opened anew for each rule."""

    case: Case

    def open(self) -> Executor:
        """Return a fresh executor."""
        found: Executor = self.case.call()
        return found


def it_is_an_executor(subject: Subject) -> None:
    """It returns a `concurrent.futures.Executor`."""
    found = subject.open()
    expect(isinstance(found, Executor), f"it returns {type(found).__name__}, expected concurrent.futures.Executor")
    found.shutdown()


def it_runs_a_task(subject: Subject) -> None:
    """A task gives its result in time."""
    with subject.open() as executor:
        expect(executor.submit(pow, 2, 10).result(SECONDS) == 1024, "pow(2, 10) is not 1024 there")


def it_keeps_the_order(subject: Subject) -> None:
    """`map` gives results in the order of its arguments."""
    with subject.open() as executor:
        expect(list(executor.map(abs, range(-9, 0), timeout=SECONDS)) == list(range(9, 0, -1)), "map changes the order")


def a_failure_comes_back(subject: Subject) -> None:
    """A task that raises gives its exception, and the executor goes on."""
    with subject.open() as executor:
        error = executor.submit(divmod, 1, 0).exception(SECONDS)
        expect(isinstance(error, ZeroDivisionError), f"1/0 gives {error!r}, expected ZeroDivisionError")
        expect(executor.submit(abs, -1).result(SECONDS) == 1, "after a failure no task runs")


RULES = (it_is_an_executor, it_runs_a_task, it_keeps_the_order, a_failure_comes_back)
