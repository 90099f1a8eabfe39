"""A clock that jumps, backwards or by a day, changes no deadline and no order: nothing that runs work reads it."""

from __future__ import annotations

import ast
import itertools
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import astrobench
from astrobench.carrying import Crew, Work
from astrobench.claims import Claims
from astrobench.isolation import Task

if TYPE_CHECKING:
    import pytest

CORE = Path(astrobench.__file__).parent
AGES = {"contents.py", "upkeep.py"}
"""Those that ask how old a file is: a wrong answer costs a digest computed anew, or an orphan that stays a day more."""


def reads_the_clock(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return "datetime" in modules or ("time" in modules and bool(names & {"time", "time_ns", "localtime", "ctime"}))


def test_nothing_but_the_age_of_files_is_told_by_the_clock() -> None:
    assert {path.name for path in CORE.rglob("*.py") if reads_the_clock(path)} <= AGES


def test_a_clock_that_jumps_ends_no_task_and_spares_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jumps = itertools.cycle([0.0, -86_400.0, 2**31 + 0.5, 1e9])
    monkeypatch.setattr(time, "time", lambda: next(jumps))
    monkeypatch.setattr(time, "time_ns", lambda: int(next(jumps) * 1e9))

    def work(name: str, timeout: float) -> Work:
        task = Task(f"hostile.tasks:{name}", {}, str(tmp_path / name), str(tmp_path / f"{name}.json"), timeout)
        return Work(name, name, task.progress, lambda attempt: task, attempt=3)

    crew = Crew(Claims(tmp_path / "claims"), 2, lambda running, told: None)
    stopper = threading.Timer(60, crew.stop.set)
    stopper.start()
    ends = crew.carry_out([work("steady", 60.0), work("sleeps_with_signals_masked", 0.5)])
    assert {done.name: outcome.status for done, outcome in ends} == {
        "steady": "ok", "sleeps_with_signals_masked": "timeout",
    }  # fmt: skip
    stopper.cancel()
