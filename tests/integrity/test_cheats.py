"""Cheating methods, through the engine and its processes: none changes a score, its own or another's."""

from __future__ import annotations

import json
import os
from multiprocessing import forkserver
from typing import TYPE_CHECKING, Any

import pytest
from astrobench.engine import Options, Sweep
from astrobench.plan import make_plan
from astrobench.registry import Registry
from astrobench.stages.fit import ROOMS
from astrobench.stock import Stock
from astrobench.store import Store
from astrobench.suite import check_suite
from distributions import install

from integrity.lab import CHEATS, HONEST, cheating

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NIGHTLY = os.environ.get("ASTROBENCH_NIGHTLY") == "1"
MORE = ("claims", "datasets", "logs", "scores", "truth", "validations")
"""What other stages make: a training that read one of these back would need it among its ROOMS."""
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
    return Sweep(plan, Store(root), Options(workers=1))


@pytest.fixture
def laboratory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    install(monkeypatch, tmp_path / "site", "honest-lab", HONEST)
    install(monkeypatch, tmp_path / "site", "cheat-lab", cheating())
    monkeypatch.setenv("ASTROBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CHEATS", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    forkserver._forkserver._stop()  # one that an earlier test started has that test's environment, and no $CHEATS
    yield tmp_path
    forkserver._forkserver._stop()


def numbers(rows: Any) -> dict[tuple[str, str], Any]:
    return {(row.method, row.domain): (row.status, dict(row.scores), row.correct) for row in rows}


@pytest.mark.parametrize(
    "methods",
    [
        pytest.param(["all_at_once"], id="all at once"),
        pytest.param([*CHEATS], id="one by one", marks=pytest.mark.skipif(not NIGHTLY, reason="nightly")),
    ],
)
@pytest.mark.timeout(900)
def test_six_cheats_of_six_change_no_score(
    methods: list[str], laboratory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = numbers(sweep(laboratory / "honest", ["plain"]).run())
    forged = dict.fromkeys(score_keys(laboratory / "results", ["plain", *methods], monkeypatch), PERFECT)
    (laboratory / "score-keys").write_text(json.dumps(forged))
    found = numbers(sweep(laboratory / "results", ["plain", *methods]).run())
    assert all(status == "ok" and scores for status, scores, _ in truth.values())
    changed = [place for place, got in found.items() if got != truth["plain", place[1]]]
    assert (changed, len(found)) == ([], 2 + 2 * len(methods))
    tried = {name: json.loads((laboratory / f"{name}.json").read_text()) for name in CHEATS}
    assert tried["memory_probe"] == {"found": 0}
    assert (tried["file_probe"]["found"], tried["file_probe"]["refused"] >= 2) == (0, True)
    assert tried["forged_score"]["forged"] == len(forged)
    assert tried["forged_cell"]["changed"] >= 2
    assert {path.name for path in (laboratory / "results").iterdir()} <= {*ROOMS, *MORE}


def score_keys(root: Path, methods: list[str], patch: pytest.MonkeyPatch) -> list[str]:
    """Return the keys of all scores of the sweep, as a cheat might work them out from the suite."""
    planned = sweep(root, methods)
    job_of = planned.plan.job_of
    with patch.context() as everything:
        everything.setattr(Stock, "_there", lambda _, cell: cell and {
            "cell": cell.key, "domain": cell.domain, "dataset": job_of(cell).dataset_key
        })  # fmt: skip
        return [place["key"] for cell in planned.plan.cells for place in planned.stock.places(cell)]
