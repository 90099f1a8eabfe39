"""Plugins that change what they are given, through the real engine: no cell depends on which others are in the suite.

The network is the shipped ConvNet, with its batch norm. Every culprit stands first on its axis, so that all it changes
would be found by the cells after it; their predictions must be those of a suite without it, bit for bit.
"""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from astrobench.cli.figures import exhibits_of
from astrobench.errors import DataError
from astrobench.stages import choosing
from astrobench.stages.datasets import limited
from astrobench.stock import Stock

from integrity.clumsy import HONEST, sweep

if TYPE_CHECKING:
    from pathlib import Path

    from astrobench.engine import Sweep
    from astrobench.records import Row
    from astrobench.validators import Snapshot

READ_ONLY, NETWORK, HARMLESS = "is read-only: work on a copy", "in the network, which other cells share", ""
PERTURBATIONS = {
    "flux": "perturbation 'flux' writes to its batch (output array is read-only): what it is given is read-only",
    "labels": READ_ONLY, "ids": READ_ONLY, "scene": READ_ONLY,
    "flux_by_torch": HARMLESS, "inputs": HARMLESS, "scene_by_torch": HARMLESS, "stretch": HARMLESS,
    "weights": NETWORK, "training_mode": "changes the training mode of the whole network in the network",
    "weights_by_numpy": "RuntimeError: too late", "batch_norm": "running_mean", "hook": "the hooks of",
    "forward": "the forward method of", "layer": "is gone or another module",
    "gradients": HARMLESS, "process": HARMLESS, "undisciplined": HARMLESS,
}  # fmt: skip
METRICS = {
    "logits": "it writes to the predictions (output array is read-only): what it is given is read-only",
    "truth": "it writes to the predictions", "facts": "TypeError: 'mappingproxy' object does not support item",
    "by_torch": HARMLESS, "process": HARMLESS, "patches": HARMLESS, "params": HARMLESS,
}  # fmt: skip


def numbers(planned: Sweep, rows: tuple[Row, ...], scores: tuple[str, ...] = ()) -> dict[Any, Any]:
    """Return the bits of the honest cells: the hash of what was predicted, and their scores."""
    labels = ["none", "gain", "exposure", "fgsm"]
    cells = {cell.key: planned.store.read("cells", cell.key) for cell in planned.plan.cells}
    return {
        (row.domain, row.perturbation): (
            row.status,
            (cells[row.cell] or {})["result"]["prediction"],
            {name: repr(score) for name, score in row.scores.items() if not scores or name in scores},
            row.correct,
        )
        for row in rows
        if row.perturbation in labels
    }


@pytest.mark.parametrize(("culprit", "sentence"), PERTURBATIONS.items(), ids=PERTURBATIONS)
def test_a_perturbation_that_changes_what_it_is_given_fails_alone(
    culprit: str, sentence: str, trained: Path, honest: Path
) -> None:
    torch.set_num_threads(1)
    there = sweep(honest)
    beside = sweep(trained, axes={"perturbation": [culprit, *HONEST]})
    rows = beside.run()
    guilty = [row for row in rows if row.perturbation == culprit]
    assert {row.status for row in guilty} == {"plugin_error" if sentence else "ok"}
    assert all(sentence in row.reason for row in guilty)
    assert numbers(beside, rows) == numbers(there, there.rows())
    after = sweep(trained)  # the store serves what it kept when the culprit is in the suite no longer
    assert numbers(after, after.run()) == numbers(there, there.rows())
    assert (torch.get_default_dtype(), torch.get_num_threads(), np.geterr()["divide"]) == (torch.float32, 1, "warn")


def test_a_perturbation_that_draws_from_global_streams_draws_the_same_in_any_suite(trained: Path) -> None:
    alone = sweep(trained, axes={"perturbation": ["none", "undisciplined"]})
    rows = [row for row in alone.run() if row.perturbation == "undisciplined"]
    shutil.rmtree(trained / "cells")
    np.random.rand(3), torch.rand(3), random.random()
    later = sweep(trained, axes={"perturbation": ["inputs", *HONEST, "undisciplined"]})
    again = [row for row in later.run() if row.perturbation == "undisciplined"]
    assert [(row.scores, row.correct) for row in again] == [(row.scores, row.correct) for row in rows]


def test_a_network_that_works_in_place_predicts_as_one_that_does_not(laboratory: Path, tmp_path: Path) -> None:
    planned = sweep(tmp_path, axes={"architecture": ["halves", "halves_in_place"], "perturbation": ["none"]})
    rows = planned.run()
    found = [
        [(row.scores, row.correct) for row in rows if row.architecture == name]
        for name in ("halves", "halves_in_place")
    ]
    grams = [
        planned.store.get((planned.store.read("cells", row.cell) or {})["result"]["prediction"])["grams"]
        for row in rows
    ]
    assert found[0] == found[1]
    assert np.array_equal(grams[0], grams[2])


def test_what_a_method_leaves_on_its_network_is_gone_when_cells_are_predicted(laboratory: Path, tmp_path: Path) -> None:
    over = {"reference": "leaves_a_hook", "axes": {"method": ["leaves_a_hook"], "perturbation": ["none"]}}
    first = sweep(tmp_path, **over)
    at_once = numbers(first, first.run())
    shutil.rmtree(tmp_path / "cells")
    later = sweep(tmp_path, **over)
    assert numbers(later, later.run()) == at_once


def test_a_dataset_whose_stretch_changes_the_flux_is_refused_before_training(laboratory: Path, tmp_path: Path) -> None:
    blobs = {"plugin": "blobs", "label": "blobs", "params": {"in_place": True}}
    told = r"the stretch of dataset 'blobs' writes to the flux that it is given .*: what it is given is read-only"
    with pytest.raises(DataError, match=told):
        sweep(tmp_path, axes={"dataset": [blobs]}).run()
    assert not (tmp_path / "trainings").exists()


@pytest.mark.parametrize(("culprit", "sentence"), METRICS.items(), ids=METRICS)
def test_a_metric_that_changes_what_it_is_given_costs_its_own_columns(
    culprit: str, sentence: str, predicted: Path, honest: Path
) -> None:
    there = sweep(honest)
    apart = culprit == "patches"  # it would patch the process of these tests
    beside = sweep(predicted, in_process=not apart, metrics=[culprit, "classification"])
    rows = beside.run()
    names = tuple(there.rows()[0].scores)
    assert numbers(beside, rows, names) == numbers(there, there.rows(), names)
    assert {row.problems.get(culprit, "")[: len(sentence)] for row in rows} == {sentence}
    assert {len(row.scores) - len(set(names) & row.scores.keys()) for row in rows} <= ({0} if sentence else {1})


def test_metrics_of_one_distribution_find_the_same_predictions_in_any_company(predicted: Path) -> None:
    alone = {row.identity: row.scores for row in sweep(predicted, metrics=["sums"]).run()}
    beside = sweep(predicted, metrics=["logits", "truth", "facts", "process", "sums"]).run()
    assert {
        row.identity: {name: score for name, score in row.scores.items() if name != "calm"} for row in beside
    } == alone
    assert {name for row in beside for name in row.problems} == {"logits", "truth", "facts"}


def test_what_a_figure_is_given_cannot_be_written_to(honest: Path) -> None:
    planned = sweep(honest)
    whole = exhibits_of(Stock(planned.plan, planned.store))[0]
    seen, dataset = whole.predicted(), whole.opened()
    parts = [dataset.train, dataset.target, *dataset.tests.values()]
    parts += [(few := limited(dataset, 20)).train, few.target, *few.tests.values()]
    scenes = [part.observation.scene for part in parts if part.observation is not None]
    arrays = [seen.logits, seen.latent, seen.labels, seen.ids, *scenes]
    arrays += [array for part in parts for array in (part.images, part.ids, getattr(part, "labels", part.ids))]
    assert not any(array.flags.writeable for array in arrays)
    first = next(whole.network().parameters())
    first.data.zero_()
    assert next(whole.network().parameters()).abs().sum() > 0


def test_what_a_validator_is_given_cannot_be_written_to(honest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Snapshot] = []
    monkeypatch.setattr(choosing, "validator", lambda name: lambda snapshot: given.append(snapshot) or 0.0)
    planned = sweep(honest)
    trained = planned.store.read("trainings", planned.plan.cells[0].job)
    choosing.values(["entropy", "mmd"], planned.store, (trained or {})["result"])
    assert len(given) >= 2
    assert not any(array.flags.writeable for snapshot in given for array in vars(snapshot).values())
