"""Cheating methods, through the engine and its processes: none changes a score, its own or another's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from astrobench.engine import Options, Sweep
from astrobench.plan import make_plan
from astrobench.registry import Registry
from astrobench.stock import Stock
from astrobench.store import Store
from astrobench.suite import check_suite
from distributions import install

from integrity.lab import CHEATS, HONEST, cheating

if TYPE_CHECKING:
    from pathlib import Path

PERFECT = {
    "scores": {"accuracy": {"value": 1.0, "unit": "", "higher_is_better": True}}, "failed": {}, "correct": "",
    "correct_n": 0,
}  # fmt: skip


def suite(methods: list[str]) -> dict[str, Any]:
    return {
        "name": "integrity", "version": 1, "title": "Nothing faked", "reference": "plain",
        "axes": {
            "dataset": ["coin"], "domain": ["A", "B"], "architecture": ["small"], "method": methods,
            "perturbation": ["none"], "seed": [0],
        },
        "metrics": ["classification"],
        "training": {"epochs": 1, "batch_size": 8},
        "predict": {"cka_images": 0},
    }  # fmt: skip


def sweep(root: Path, methods: list[str]) -> Sweep:
    plan = make_plan(check_suite(suite(methods), "integrity"), Registry.load(), "", "cpu")
    return Sweep(plan, Store(root), Options(workers=2))


@pytest.fixture
def laboratory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    install(monkeypatch, tmp_path / "site", "honest-lab", HONEST)
    install(monkeypatch, tmp_path / "site", "cheat-lab", cheating())
    monkeypatch.setenv("ASTROBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CHEATS", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def numbers(rows: Any) -> dict[tuple[str, str], Any]:
    return {(row.method, row.domain): (row.status, dict(row.scores), row.correct) for row in rows}


def test_six_cheats_of_six_change_no_score(laboratory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truth = numbers(sweep(laboratory / "honest", ["plain"]).run())
    forged = dict.fromkeys(score_keys(laboratory / "results", monkeypatch), PERFECT)
    (laboratory / "score-keys").write_text(json.dumps(forged))
    found = numbers(sweep(laboratory / "results", ["plain", *CHEATS]).run())
    assert all(status == "ok" and scores for status, scores, _ in truth.values())
    changed = [
        f"{method} on {domain}: {got}" for (method, domain), got in found.items() if got != truth["plain", domain]
    ]
    assert (changed, len(found)) == ([], 14)
    tried = {name: json.loads((laboratory / f"{name}.json").read_text()) for name in CHEATS}
    assert tried["memory_probe"] == {"found": 0}
    assert tried["file_probe"]["found"] == 0
    assert tried["file_probe"]["refused"] >= 2
    assert tried["forged_score"]["forged"] == 14
    assert tried["forged_cell"]["changed"] >= 2


def score_keys(root: Path, patch: pytest.MonkeyPatch) -> list[str]:
    """Return the keys of all scores of the sweep, as a cheat might work them out from the suite."""
    planned = sweep(root, ["plain", *CHEATS])
    job_of = planned.plan.job_of
    with patch.context() as everything:
        everything.setattr(Stock, "_there", lambda _, cell: cell and {
            "cell": cell.key, "domain": cell.domain, "dataset": job_of(cell).dataset_key
        })  # fmt: skip
        return [planned.stock.place(cell)["key"] for cell in planned.plan.cells]  # type: ignore[index]
