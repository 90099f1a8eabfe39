"""Third-party metrics and a regression on a target without labels, through the engine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astrobench import DataError, Dataset, Labelled, NoLabelsError, Prediction, Regression, Score, Unlabelled
from astrobench.conformance.skies import stretch
from astrobench.engine import Options, Sweep
from astrobench.plan import make_plan
from astrobench.registry import Plugin, Registry
from astrobench.store import Store
from astrobench.suite import check_suite
from astrobench_alignment.source_only import source_only
from astrobench_networks.convnet import convnet
from astrobench_perturbations.none import none
from astrobench_scores.regression import regression
from scipy.special import softmax
from survey_toy import CLASSES, written

if TYPE_CHECKING:
    from pathlib import Path


def accuracy_of_before(clean: Prediction, perturbed: Prediction) -> dict[str, Score]:
    """Measure as a metric would that was written before domains could lack labels."""
    return {"hits": Score(float((perturbed.logits.argmax(1) == perturbed.labels).mean()))}


def wrapped(clean: Prediction, perturbed: Prediction) -> dict[str, Score]:
    """Make another error of whatever befalls it."""
    try:
        return accuracy_of_before(clean, perturbed)
    except Exception as error:
        raise ValueError("cannot measure") from error


def mean_confidence(clean: Prediction, perturbed: Prediction) -> dict[str, Score]:
    """Measure what needs no labels."""
    return {"confidence": Score(float(softmax(perturbed.logits, axis=1).max(axis=1).mean()))}


SOUND: dict[str, Any] = {
    "unit": "K", "pixel_scale": None, "bands": ("T",), "licence": "CC0-1.0", "citation": "nobody", "synthetic": True,
}  # fmt: skip


def maps(light: float, count: int, prefix: str) -> Labelled:
    """Return maps of 16 × 16 pixels whose mean is their first target and twice that their second."""
    stream = np.random.default_rng(count)
    truth = stream.uniform(0.2, 0.8, (count, 2)).astype(np.float32)
    images = (light * truth[:, :1, None, None] + stream.normal(0, 0.1, (count, 1, 16, 16))).astype(np.float32)
    return Labelled(images, np.array([f"{prefix}{k}" for k in range(count)]), stretch, labels=truth)


def cosmology() -> Regression:
    """Return a regression whose target has no labels."""
    far = maps(0.8, 12, "far")
    bare = Unlabelled(far.images, far.ids, far.stretch)
    return Regression(
        train=maps(1, 16, "a"), valid=maps(1, 8, "v"), target=bare, tests={"near": maps(1, 9, "t"), "far": bare},
        classes=("density", "clumping"), ranges=((0.0, 1.0), (0.0, 1.0)), **SOUND,
    )  # fmt: skip


def toy(folder: Path, patch: pytest.MonkeyPatch, dataset: Any, metrics: dict[str, Any]) -> Sweep:
    """Run one dataset with shipped plugins, and metrics of a third party."""
    named: dict[str, dict[str, Any]] = {
        "datasets": {"mine": dataset}, "architectures": {"convnet": convnet}, "methods": {"source_only": source_only},
        "perturbations": {"none": none}, "metrics": metrics,
    }  # fmt: skip
    known = Registry.of_plugins(
        [Plugin(kind, name, one, "toy", "1", "toy") for kind, some in named.items() for name, one in some.items()]
    )
    patch.setattr(Registry, "load", classmethod(lambda cls, **only: known))
    axes = {"dataset": ["mine"], "domain": ["near", "far"], "architecture": ["convnet"], "method": ["source_only"]}
    body = {"name": "mine", "version": 1, "title": "Mine", "metrics": list(metrics), "axes": {**axes, "seed": [0]}}
    body |= {"training": {"epochs": 1, "batch_size": 4}}
    sweep = Sweep(make_plan(check_suite(body, "mine"), known, "", "cpu"), Store(folder), Options(in_process=True))
    sweep.run()
    return sweep


def galaxies() -> Dataset:
    """Return a classification whose target has no labels."""
    told = cosmology()
    parts = {name: classed(getattr(told, name)) for name in ("train", "valid")}
    return Dataset(
        **parts, target=told.target, tests={"near": classed(told.tests["near"]), "far": told.target},
        classes=CLASSES, **SOUND,
    )  # fmt: skip


def classed(part: Any) -> Labelled:
    return replace(part, labels=(np.arange(len(part.ids)) % 2).astype(np.int64))


def test_metrics_that_know_nothing_of_it_are_left_out_and_cost_no_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = {"before": accuracy_of_before, "wrapped": wrapped, "mean_confidence": mean_confidence}
    near, far = toy(tmp_path, monkeypatch, galaxies, {"before": metrics.pop("before"), **metrics}).rows()
    assert (far.status, far.reason) == ("ok", "")
    assert far.skipped == {"before": "no labels", "wrapped": "no labels"}
    assert set(far.scores) == {"confidence"}
    assert (near.labelled, near.skipped, "hits" in near.scores) == (True, {}, True)


def test_a_regression_gives_means_and_standard_deviations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = toy(tmp_path, monkeypatch, cosmology, {"regression": regression})
    near, far = sweep.rows()
    assert "r2_density" in near.scores
    assert (far.status, far.scores, far.skipped) == ("ok", {}, {"regression": "no labels"})
    frame, lines = written(sweep, tmp_path / "board")
    names = ["mean_density", "mean_clumping", "std_density", "std_clumping"]
    assert list(frame)[7:] == names
    kept = sweep.store.read("cells", far.cell)
    assert kept is not None
    logits = sweep.store.get(kept["result"]["prediction"])["logits"]
    np.testing.assert_array_equal(frame[names].to_numpy(), logits.astype(np.float64))
    assert [[float(line[name]) for name in names] for line in lines] == logits.astype(np.float64).tolist()


def test_a_source_without_labels_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def blind() -> Dataset:
        told = galaxies()
        return replace(told, tests={"near": told.target, "far": told.target})

    with pytest.raises(DataError, match=r"'mine' has no labels of its source 'near' \(test\): a method learns from"):
        toy(tmp_path, monkeypatch, blind, {"mean_confidence": mean_confidence})


def test_a_metric_that_compares_with_labels_that_are_not_there_gives_no_number() -> None:
    """`logits.argmax(1) == None` would be a row of False: an accuracy of 0."""
    bare = Prediction(
        np.array(["a"]), np.zeros((1, 2), np.float32), np.zeros((1, 2), np.float32), labels=None, classes=CLASSES
    )  # type: ignore[arg-type]
    assert not bare.labelled
    with pytest.raises(NoLabelsError, match="have no labels"):
        _ = bare.logits.argmax(1) == bare.labels
    assert "labels" not in repr(bare)
