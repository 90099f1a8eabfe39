"""How a dataset is learned: numbers by the moment loss, through every stage, and no class method on them."""

from __future__ import annotations

import importlib
import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from astrobench import Labelled, Regression, SuiteError, Unlabelled
from astrobench.errors import DataError
from astrobench.plan import make_plan
from astrobench.registry import Registry
from astrobench.rules import VALIDATORS
from astrobench.stages.datasets import check_dataset
from astrobench.suite import check_suite
from astrobench.training.regression import determination, in_ranges, moment_loss, posterior

REGISTRY = Registry.load()


def suite(method: str, **over: Any) -> Any:
    axes = {
        "dataset": [{"plugin": "camels_mock", "label": "T", "params": {"field": "T"}}], "domain": ["A", "B"],
        "architecture": ["cmd_o3"], "method": ["source_only", method], "seed": [0],
    }  # fmt: skip
    return check_suite({"name": "toy", "version": 1, "title": "A toy", "axes": axes, **over}, "toy")


def test_the_moment_loss_is_its_formula() -> None:
    """spec (a.5): ln of the batch mean of squares, and of the squares of squares less variances."""
    stream = torch.Generator().manual_seed(0)
    outputs, truth = torch.rand(8, 4, generator=stream), torch.rand(8, 2, generator=stream)
    wanted = 0.0
    for i in range(2):
        squares = [(float(outputs[b, i]) - float(truth[b, i])) ** 2 for b in range(8)]
        spread = [(square - float(outputs[b, 2 + i]) ** 4) ** 2 for b, square in enumerate(squares)]
        wanted += (math.log(sum(squares) / 8) + math.log(sum(spread) / 8)) / 2
    assert float(moment_loss(outputs, truth)) == pytest.approx(wanted, rel=1e-5)


def test_the_moment_loss_is_least_at_the_mean_and_the_standard_deviation() -> None:
    """Of one image seen many times: ⟨θ⟩ and the width whose square is the mean square error, here 0.3 and 0.2."""
    truth = torch.tensor([[0.1], [0.5]]).repeat(50, 1)

    def loss(mean: float, width: float) -> float:
        return float(moment_loss(torch.tensor([[mean, math.sqrt(width)]]).repeat(100, 1), truth))

    assert loss(0.3, 0.2) < min(loss(0.32, 0.2), loss(0.28, 0.2), loss(0.3, 0.21), loss(0.3, 0.19))


def test_a_perfect_batch_has_a_finite_loss_and_gradient() -> None:
    outputs = torch.tensor([[0.5, 0.0]] * 4, requires_grad=True)
    loss = moment_loss(outputs, torch.full((4, 1), 0.5))
    loss.backward()
    assert math.isfinite(float(loss.detach()))
    assert bool(outputs.grad.isfinite().all())


def test_outputs_come_back_in_the_units_of_the_labels() -> None:
    ranges = ((0.1, 0.5), (0.6, 1.0))
    labels = np.array([[0.3, 0.6], [0.5, 0.9]], np.float32)
    learned = in_ranges(labels, ranges)
    np.testing.assert_allclose(learned, [[0.5, 0], [1, 0.75]], atol=1e-6)
    found = posterior(np.concatenate([learned, np.full_like(learned, 0.5)], axis=1), ranges)
    np.testing.assert_allclose(found, [[0.3, 0.6, 0.1, 0.1], [0.5, 0.9, 0.1, 0.1]], atol=1e-6)


def test_r2_is_one_for_the_truth_and_nothing_for_its_mean() -> None:
    truth = torch.rand(10, 2, generator=torch.Generator().manual_seed(0))
    assert float(determination(torch.cat([truth, truth], 1), truth)) == 1
    assert float(determination(torch.cat([truth.mean(0).expand(10, 2), truth], 1), truth)) == pytest.approx(0, abs=1e-6)


def part(n: int = 8, labels: np.ndarray | None = None) -> Labelled:
    truth = np.linspace(0, 1, 2 * n, dtype=np.float32).reshape(n, 2) if labels is None else labels
    return Labelled(np.ones((n, 1, 8, 8), np.float32), np.arange(n).astype(str), np.asarray, labels=truth)


def regression(**over: Any) -> Regression:
    shown = part()
    told: dict[str, Any] = {
        "train": part(), "valid": part(), "target": Unlabelled(shown.images, shown.ids, np.asarray),
        "tests": {"A": part(), "B": part()}, "unit": "K", "pixel_scale": 1.0, "bands": ("T",), "classes": ("x", "y"),
        "licence": "", "citation": "", "synthetic": True, "ranges": ((0.0, 1.0), (0.0, 1.0)),
    }  # fmt: skip
    return Regression(**{**told, **over})


def spoiled(row: int, value: float) -> np.ndarray:
    labels = part().labels.copy()
    labels[row, 1] = value
    return labels


def test_a_sound_regression_passes_and_a_test_may_lack_a_target() -> None:
    check_dataset(regression(), "mine", ["A", "B"], 4)
    unknown = part(labels=np.full((8, 2), np.nan, np.float32))
    check_dataset(regression(tests={"A": part(), "B": unknown}), "mine", ["A", "B"], 4)
    assert (regression().task, replace(regression(), classes=("a", "b")).task) == ("regression", "regression")


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ({"train": part(labels=np.zeros(8, np.int64))}, "mine train has labels int64 (8,), expected float32 (N, 2)"),
        ({"train": part(labels=np.zeros((8, 3), np.float32))}, "float32 (8, 3), expected float32 (N, 2)"),
        ({"train": part(labels=spoiled(3, np.nan))}, "mine train has y = nan, expected a number"),
        ({"tests": {"A": part(), "B": part(labels=spoiled(3, np.inf))}}, "mine test B has y = inf, expected a number"),
        ({"train": part(labels=np.full((8, 2), 0.3, np.float32))}, "mine train has x = 0.3 only: nothing can be"),
        ({"ranges": ((0.0, 1.0),)}, "expected low < high for each target"),
        ({"ranges": ((0.0, 1.0), (1.0, 1.0))}, "expected low < high for each target"),
    ],
)
def test_what_cannot_be_learned_is_one_sentence(over: dict[str, Any], told: str) -> None:
    with pytest.raises(DataError) as caught:
        check_dataset(regression(**over), "mine", ["A", "B"], 4)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


NEEDING = [
    p.name for p in REGISTRY.of("methods") if p.distribution == "astrobench" and "classes" in p.signature.positional
]


@pytest.mark.parametrize(
    "name", [p.name for p in REGISTRY.of("methods") if p.distribution == "astrobench" and not p.family]
)
def test_a_method_that_needs_classes_says_so_where_a_plan_can_read_it(name: str) -> None:
    plugin = REGISTRY.get("methods", name)
    module, function = str(plugin.target).split(":")
    try:
        built = getattr(importlib.import_module(module), function)(8, 4)
    except Exception:  # an optional package that is not installed
        pytest.skip("it cannot be built here")
    assert built.needs_classes == ("classes" in plugin.signature.positional)


@pytest.mark.parametrize("rule", VALIDATORS)
def test_a_plan_refuses_a_validator_on_a_regression(rule: str) -> None:
    """All validators read predicted classes; what a network infers of a map has none."""
    told = f"training.selection = '{rule}' needs classes, and 'T' is a regression: choose last or source_valid"
    with pytest.raises(SuiteError, match=re.escape(told)):
        make_plan(suite("mmd", training={"selection": rule}), REGISTRY, "", "cpu")


@pytest.mark.parametrize("name", NEEDING)
def test_a_plan_refuses_a_method_that_needs_classes(name: str) -> None:
    with pytest.raises(SuiteError) as caught:
        make_plan(suite(name), REGISTRY, "", "cpu")
    assert str(caught.value).startswith(f"method {name!r} needs class labels, and dataset 'T' is a regression;")


def test_a_plan_takes_the_others_and_what_is_excluded() -> None:
    assert len(make_plan(suite("mmd"), REGISTRY, "", "cpu").jobs) == 2
    assert len(make_plan(suite("can", exclude=[{"method": "can"}]), REGISTRY, "", "cpu").jobs) == 1
