"""A sweep of real plugins in real worker processes, small enough for a test."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astrobench.engine import Options, Sweep
from astrobench.errors import DataError
from astrobench.plan import make_plan
from astrobench.registry import Registry
from astrobench.stages.keeping import weights_key
from astrobench.stages.prepare import names_in
from astrobench.store import Store
from astrobench.suite import check_suite, merged

if TYPE_CHECKING:
    from pathlib import Path

SUITE: dict[str, Any] = {
    "name": "toy",
    "version": 1,
    "title": "A toy",
    "axes": {
        "dataset": [{"plugin": "lsst_mock", "label": "mock", "params": {"galaxies": 60}}],
        "domain": ["Y10", "Y1"],
        "architecture": ["convnet"],
        "method": ["source_only", "mmd", "target_only"],
        "perturbation": ["none"],
        "seed": [0],
    },
    "training": {"epochs": 1, "batch_size": 8},
    "predict": {"cka_images": 8, "cka_batch": 4},
}
EXPOSURE = {"axes": {"perturbation": ["none", {"plugin": "exposure", "label": "Y5", "params": {"years": 5.0}}]}}


def sweep(root: Path, *, in_process: bool = False, **over: Any) -> Sweep:
    suite = check_suite(merged(deepcopy(SUITE), over), "toy")
    return Sweep(make_plan(suite, Registry.load(), "", "cpu"), Store(root), Options(workers=2, in_process=in_process))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    sweep(folder).run()
    return folder


def files(root: Path, kind: str) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (root / kind).rglob("*.json")}


def test_every_cell_has_its_numbers(root: Path) -> None:
    rows = sweep(root).rows()
    assert [row.status for row in rows] == ["ok"] * 6
    for row in rows:
        assert 0 <= row.scores["accuracy"].value <= 1
        assert row.provenance["environment"]["packages"]["torch"] != "absent"
        assert row.provenance["fingerprint"]
    assert {row.method for row in rows if row.oracle} == {"target_only"}


def test_the_same_command_again_computes_nothing(root: Path) -> None:
    before = {kind: files(root, kind) for kind in ("trainings", "cells", "scores", "datasets")}
    again = sweep(root)
    assert again.missing() == {}
    assert again.run() == sweep(root).rows()
    assert {kind: files(root, kind) for kind in before} == before


def test_one_more_metric_and_one_more_perturbation_train_nothing(root: Path) -> None:
    before = files(root, "trainings")
    rows = sweep(root, metrics=["classification", "cka"], **EXPOSURE).run()
    assert files(root, "trainings") == before
    assert all(row.status == "ok" for row in rows)
    assert any("cka_diag" in row.scores for row in rows if row.domain == "Y1")
    assert {row.perturbation for row in rows} == {"none", "Y5"}


def test_order_workers_and_isolation_change_no_number(root: Path, tmp_path: Path) -> None:
    other = sweep(tmp_path, in_process=True, axes={"method": ["target_only", "mmd", "source_only"]})
    numbers = {row.identity: (row.scores, row.correct) for row in other.run()}
    assert numbers == {row.identity: (row.scores, row.correct) for row in sweep(root).rows()}


def test_weights_and_predictions_are_kept_as_safetensors(root: Path) -> None:
    store, planned = Store(root), sweep(root).plan
    cell = planned.cells[0]
    trained, predicted = store.read("trainings", cell.job), store.read("cells", cell.key)
    assert trained is not None
    assert predicted is not None
    picked = store.read("weights", weights_key(cell.job, trained["result"]["source_valid"]))
    assert picked is not None
    weights = store.get(picked["result"]["weights"])
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    assert sum(w.size for name, w in weights.items() if not name.endswith(statistics)) == 1_187_203
    arrays = store.get(predicted["result"]["prediction"])
    assert arrays["latent"].shape == (len(names_in(arrays["ids"])), 256)
    assert arrays["grams"].dtype == np.float64
    assert len(trained["result"]["history"]) == 1


def test_a_damaged_prediction_is_computed_again(root: Path) -> None:
    store, planned = Store(root), sweep(root)
    cell = planned.plan.cells[0]
    kept = store.read("cells", cell.key)
    assert kept is not None
    digest = kept["result"]["prediction"]
    sound = store.object(digest).read_bytes()
    store.object(digest).unlink()
    assert sum(map(len, planned.missing().values())) == 1
    planned.run()
    assert store.object(digest).read_bytes() == sound


def test_a_cell_that_fails_is_a_row_with_its_reason_and_costs_no_other(root: Path) -> None:
    wrong = {"axes": {"perturbation": ["none", {"plugin": "one_pixel", "label": "1P", "params": {"images": 0}}]}}
    rows = sweep(root, **wrong).run()
    assert {row.status for row in rows if row.perturbation == "none"} == {"ok"}
    failed = [row for row in rows if row.perturbation == "1P"]
    assert {row.status for row in failed} == {"plugin_error"}
    assert all("images = 0" in row.reason for row in failed)


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        ({"axes": {"domain": ["Y10", "Y2"]}}, r"no test domain 'Y2'; did you mean 'Y1"),
        ({"training": {"batch_size": 64}}, r"fewer than training\.batch_size = 64; lower it, or bring more images"),
    ],
)
def test_what_data_cannot_give_is_said_before_training(tmp_path: Path, over: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        sweep(tmp_path, **over).run()
    assert not (tmp_path / "trainings").exists()
