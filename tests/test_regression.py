"""A regression from its dataset to its leaderboard: every stage of a sweep, in real worker processes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest
from astrobench.engine import Options, Sweep
from astrobench.leaderboard.building import tabulate
from astrobench.plan import make_plan
from astrobench.registry import Registry
from astrobench.store import Store
from astrobench.suite import check_suite

if TYPE_CHECKING:
    from pathlib import Path

    from astrobench.records import Row

MOCK = {"field": "Mtot", "simulations": 20, "tests": 6, "pixels": 16}
SUITE: dict[str, Any] = {
    "name": "toy",
    "version": 1,
    "title": "A toy",
    "axes": {
        "dataset": [{"plugin": "camels_mock", "label": "Mtot", "params": MOCK}],
        "domain": ["A", "B"],
        "architecture": [{"plugin": "cmd_o3", "label": "cmd_o3", "params": {"hidden": 2}}],
        "method": ["source_only", "coral", "target_only"],
        "seed": [0],
    },
    "metrics": ["regression", "classification"],
    "training": {"epochs": 3, "batch_size": 16, "learning_rate": 3e-3, "augment": ["flips", "rotations"]},
    "predict": {"cka_images": 0},
    "rank": {"domain": "B"},
    "columns": [
        {"title": f"R² {name} ({domain})", "score": f"r2_{name}", "domain": domain}
        for name in ("omega_m", "sigma_8")
        for domain in ("A", "B")
    ],
}


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sweep, tuple[Row, ...]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASTROBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("ASTROBENCH_CORES", "1")
        plan = make_plan(check_suite(SUITE, "toy"), Registry.load(), "", "cpu")
        sweep = Sweep(plan, Store(_made(tmp_path_factory.mktemp("results"))), Options(workers=2, in_process=True))
        return sweep, sweep.run()


def _made(root: Path) -> Path:
    Store(root).prepare()
    return root


def test_every_cell_has_its_numbers_target_by_target(swept: tuple[Sweep, tuple[Row, ...]]) -> None:
    rows = swept[1]
    assert [(row.status, row.reason) for row in rows] == [("ok", "")] * 6
    for row in rows:
        for name in ("omega_m", "sigma_8"):
            for measure in ("r2", "rmse", "rel", "bias", "chi2", "width", "z"):
                assert math.isfinite(row.scores[f"{measure}_{name}"].value), measure
            assert 0 < row.scores[f"rmse_{name}"].value < 1, "in the units of the labels"
            assert ("r2_drop_omega_m" in row.scores) == (row.domain == "B")
        assert "accuracy" not in row.scores
        assert row.correct == ""


def test_the_epoch_of_the_lowest_source_validation_loss_is_kept(swept: tuple[Sweep, tuple[Row, ...]]) -> None:
    sweep = swept[0]
    for key, job in sweep.plan.jobs.items():
        told = sweep.store.read("trainings", key)["result"]
        losses = [epoch["valid_loss"] for epoch in told["history"]]
        assert all("valid_r2" in epoch and "valid_accuracy" not in epoch for epoch in told["history"])
        if job.method.plugin != "target_only":
            assert told["source_valid"] == losses.index(min(losses))


def test_the_leaderboard_ranks_by_the_first_column_at_the_rank_cell(swept: tuple[Sweep, tuple[Row, ...]]) -> None:
    sweep, rows = swept
    board = tabulate(sweep.plan.suite.model_dump(mode="json"), {"": rows})
    assert [column.title for column in board.columns] == [column["title"] for column in SUITE["columns"]]
    merits = {line.method: line.merit for line in board.lines if not line.oracle}
    assert merits == {
        row.method: pytest.approx(row.scores["r2_omega_m"].value)
        for row in rows
        if row.domain == "B" and row.method != "target_only"
    }
