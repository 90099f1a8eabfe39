"""Entropy and class confusion of predictions, against SciPy and loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from astrobench import Moment, Step, SuiteError
from astrobench_alignment.entropies import entropies
from astrobench_alignment.entropy import entropy
from astrobench_alignment.mcc import confusion, mcc
from scipy.special import softmax
from scipy.stats import entropy as scipy_entropy

MOMENT = Moment(0, 0.0)


def test_entropy_has_the_golden_value(hs: torch.Tensor) -> None:
    assert entropies(hs[:, :2]).mean().item() == pytest.approx(0.68055358048, abs=1e-10)


def test_entropy_is_scipys(ht: torch.Tensor) -> None:
    np.testing.assert_allclose(entropies(ht).numpy(), scipy_entropy(softmax(ht.numpy(), axis=1), axis=1))


def test_certain_predictions_have_no_entropy_and_a_finite_gradient() -> None:
    logits = torch.tensor([[500.0, -500.0]], requires_grad=True)
    entropies(logits).sum().backward()
    assert entropies(logits).item() == 0
    assert logits.grad is not None
    assert bool(logits.grad.isfinite().all())


def test_it_is_the_targets_entropy_unless_both_are_asked_for(hs: torch.Tensor, ht: torch.Tensor) -> None:
    source, target = Step(hs, hs, torch.zeros(4, dtype=torch.int64)), Step(ht, ht)
    found = [
        entropy(3, 3, weight=2.0, domains=domains).terms(source, target, MOMENT)["entropy"].item()
        for domains in ("target", "both")
    ]
    assert found == [
        pytest.approx(2 * entropies(ht).mean().item()),
        pytest.approx(2 * entropies(torch.cat([hs, ht])).mean().item()),
    ]


def test_confusion_is_its_definition_written_as_loops(ht: torch.Tensor) -> None:
    p = softmax(ht.numpy(), axis=1)
    weight = 1 + np.exp(-scipy_entropy(p, axis=1))
    weight = len(p) * weight / weight.sum()
    total = 0.0
    for j in range(3):
        row = [sum(weight[i] * p[i, j] * p[i, k] for i in range(len(p))) for k in range(3)]
        total += sum(row[k] for k in range(3) if k != j) / sum(row)
    assert confusion(ht).item() == pytest.approx(total / 3, rel=1e-12)


def test_confusion_is_nought_when_certain_and_largest_when_flat() -> None:
    assert confusion(100 * torch.eye(3)).item() == pytest.approx(0, abs=1e-6)
    assert confusion(torch.zeros(5, 3)).item() == pytest.approx(1 - 1 / 3)


def test_confusion_divides_the_logits_by_the_temperature(ht: torch.Tensor) -> None:
    found = mcc(3, 3, weight=0.5, temperature=2.0).terms(Step(ht, ht), Step(ht, ht), MOMENT)["confusion"]
    assert found.item() == pytest.approx(0.5 * confusion(ht / 2).item())


def test_a_temperature_of_nought_is_refused() -> None:
    with pytest.raises(SuiteError, match=r"temperature of mcc must be above 0, not 0\.0"):
        mcc(3, 3, temperature=0.0)


def test_entropy_of_flat_predictions_is_ln_k() -> None:
    assert entropies(torch.zeros(1, 4)).item() == pytest.approx(math.log(4))
