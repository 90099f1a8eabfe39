"""Joint transport finds the best matching of latent and label, and lowers its cost."""

from __future__ import annotations

from itertools import permutations

import pytest
import torch
from astrobench import Moment, Step
from astrobench_alignment.jdot import jdot

MOMENT = Moment(0, 0.5)
LABELS = torch.tensor([0, 1, 2, 0])


def total(source: Step, target: Step, order: tuple[int, ...], latent: float, label: float) -> float:
    rows = list(order)
    apart = (source.latent[: len(rows)] - target.latent[rows]).square().mean()
    wrong = torch.nn.functional.cross_entropy(target.logits[rows], LABELS[: len(rows)])
    return float(latent * apart + label * wrong)


@pytest.mark.parametrize(("latent", "label"), [(1.0, 0.0), (0.0, 1.0), (0.3, 0.7)])
def test_the_matching_is_the_best_of_all(hs: torch.Tensor, ht: torch.Tensor, latent: float, label: float) -> None:
    source, target = Step(hs, hs, LABELS), Step(ht[:4], ht[:4])
    terms = jdot(3, 3, latent=latent, label=label).terms(source, target, MOMENT)
    best = min(total(source, target, order, latent, label) for order in permutations(range(4)))
    assert float(sum(terms.values())) == pytest.approx(best, rel=1e-9)


def test_more_target_than_source_images_match_every_source_image(hs: torch.Tensor, ht: torch.Tensor) -> None:
    source, target = Step(hs, hs, LABELS), Step(ht, ht)
    found = jdot(3, 3, latent=1.0, label=0.5).terms(source, target, MOMENT)
    best = min(total(source, target, order, 1.0, 0.5) for order in permutations(range(5), 4))
    assert float(sum(found.values())) == pytest.approx(best, rel=1e-9)


def test_coinciding_latents_and_certain_labels_cost_nothing(hs: torch.Tensor) -> None:
    logits = 100 * torch.nn.functional.one_hot(LABELS, 3).double()
    shuffled = torch.tensor([2, 0, 3, 1])
    terms = jdot(3, 3).terms(Step(hs, logits, LABELS), Step(hs[shuffled], logits[shuffled]), MOMENT)
    assert float(sum(terms.values())) == pytest.approx(0, abs=1e-12)
