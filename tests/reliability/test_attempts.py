"""What dies is tried twice more, each cell in a process of its own, so that the guilty one alone is told dead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from astrobench.carrying import ATTEMPTS, Crew, Work
from astrobench.claims import Claims
from astrobench.isolation import Task

if TYPE_CHECKING:
    from pathlib import Path

    from reliability.tiny import Tiny


def test_what_crashed_is_tried_twice_more_and_costs_no_other_cell(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashes = tmp_path / "crashes"
    monkeypatch.syspath_prepend(tiny.site)
    crashes.mkdir()
    (crashes / "once").touch()
    stumble = {"plugin": "stumble", "label": "stumble", "params": {"folder": str(crashes)}}
    perturbations = [{"plugin": "crash", "label": "crash"}, stumble, "none"]
    sweep = tiny.sweep(tmp_path / "results", method=["plain"], seed=[0], perturbation=perturbations)
    rows = {(row.domain, row.perturbation): row for row in sweep.run()}
    ends = {"crash": "crashed", "stumble": "ok", "none": "ok"}
    assert {place: row.status for place, row in rows.items()} == {
        (domain, name): status for domain in ("here", "there") for name, status in ends.items()
    }
    dead = [row for row in rows.values() if row.status == "crashed"]
    assert [row.provenance["attempts"] for row in dead] == [ATTEMPTS, ATTEMPTS]
    assert all("by signal SIGKILL" in row.reason for row in dead)
    assert max(row.provenance["attempts"] for row in rows.values() if row.perturbation == "stumble") == ATTEMPTS
    assert {row.provenance["attempts"] for row in rows.values() if row.perturbation == "none"} == {2}
    assert {row.provenance["fingerprint"] for row in rows.values()} == {dead[0].provenance["fingerprint"]}
    assert list(crashes.iterdir()) == []


def test_a_metric_that_crashes_costs_the_cells_it_crashes_on(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tiny.site)
    sweep = tiny.sweep(
        tmp_path / "results", method=["plain"], seed=[0], perturbation=["none"], metrics=["right", "crash_there"]
    )
    ends = {(row.domain, row.status, row.provenance.get("attempts", 1)) for row in sweep.run()}
    assert ends == {("here", "ok", 1), ("there", "crashed", ATTEMPTS)}


@pytest.mark.parametrize(
    ("name", "attempts", "limits", "status"),
    [
        ("leaves", ATTEMPTS, {}, "crashed"),
        ("sleeps_with_signals_masked", ATTEMPTS, {"timeout": 0.5}, "timeout"),
        ("eats_memory", ATTEMPTS, {"memory": 2**20}, "oom"),
        ("raises", 1, {}, "plugin_error"),
        ("returns_nan", 1, {}, "invalid_result"),
    ],
)
def test_only_a_process_that_died_is_tried_again(
    tmp_path: Path, name: str, attempts: int, limits: dict[str, Any], status: str
) -> None:
    tried = []

    def task(attempt: int) -> Task:
        tried.append(attempt)
        log, progress = str(tmp_path / "log"), str(tmp_path / "progress")
        return Task(f"hostile.tasks:{name}", {}, log, progress, **{"timeout": 60.0, "memory": 2**40, **limits})

    crew = Crew(Claims(tmp_path / "claims"), 1, lambda running, told: None)
    ((work, outcome),) = crew.carry_out([Work("one", "one", "", task)])
    assert (outcome.status, work.attempt, tried) == (status, attempts, list(range(1, attempts + 1)))
    assert not list((tmp_path / "claims").iterdir())
