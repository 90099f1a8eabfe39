"""Parts side by side give their own terms, scaled by one weight."""

from __future__ import annotations

import pytest
import torch
from astrobench import Moment, Step, SuiteError
from astrobench_alignment.combined import Combined
from astrobench_alignment.entropy import entropy
from astrobench_alignment.fisher import fisher
from astrobench_alignment.fisher_entropy import (
    dann_fisher_entropy,
    mmd_deepadversaries_fisher_entropy,
    mmd_fisher_entropy,
)
from astrobench_alignment.mmd import mmd
from astrobench_alignment.mmd_deepadversaries import biased_mmd
from astrobench_alignment.sum_of import PARTS, sum_of

MOMENT = Moment(0, 0.5)


@pytest.fixture
def steps(hs: torch.Tensor, ht: torch.Tensor) -> tuple[Step, Step]:
    return Step(hs, hs, torch.tensor([0, 1, 2, 0])), Step(ht, ht)


def test_each_part_gives_its_own_term(steps: tuple[Step, Step]) -> None:
    parts = mmd(3, 3), fisher(3, 3, centres="means"), entropy(3, 3)
    alone = {name: float(term) for part in parts for name, term in part.terms(*steps, MOMENT).items()}
    found = Combined(*parts, weight=2.0).terms(*steps, MOMENT)
    assert {name: float(term) for name, term in found.items()} == {n: pytest.approx(2 * v) for n, v in alone.items()}


def test_it_uses_the_target_and_needs_classes_if_a_part_does() -> None:
    assert not Combined(fisher(3, 3)).uses_target
    assert Combined(fisher(3, 3), mmd(3, 3)).uses_target
    assert Combined(fisher(3, 3), mmd(3, 3)).needs_classes
    assert not Combined(mmd(3, 3)).needs_classes


def test_it_tells_every_part_that_an_epoch_begins() -> None:
    told: list[int] = []
    part = mmd(3, 3)
    part.start_epoch = told.append  # type: ignore[method-assign]
    Combined(part).start_epoch(4)
    assert told == [4]


@pytest.mark.parametrize("trace", ["ratio", "difference"])
@pytest.mark.parametrize("centres", ["learned", "means"])
def test_the_talks_combination_has_three_terms(steps: tuple[Step, Step], trace: str, centres: str) -> None:
    terms = mmd_fisher_entropy(3, 3, trace=trace, centres=centres).double().terms(*steps, MOMENT)
    assert set(terms) == {"mmd", "fisher", "entropy"}


def test_the_published_combination_has_the_published_discrepancy(steps: tuple[Step, Step]) -> None:
    terms = mmd_deepadversaries_fisher_entropy(3, 3, align=0.5).double().terms(*steps, MOMENT)
    assert terms["mmd"].item() == pytest.approx(0.5 * biased_mmd(steps[0].latent, steps[1].latent).item())


def test_the_adversarial_combination_learns_at_its_rate(steps: tuple[Step, Step]) -> None:
    method = dann_fisher_entropy(3, 3, hidden=8, rate=0.1).double()
    assert method.rate == 0.1
    assert set(method.terms(*steps, MOMENT)) == {"domain", "fisher", "entropy"}


@pytest.mark.parametrize("name", PARTS)
def test_fisher_and_entropy_go_with_any_method(steps: tuple[Step, Step], name: str) -> None:
    parts = dict.fromkeys((name, "fisher", "entropy"))
    terms = sum_of(3, 3, "+".join(parts)).double().terms(*steps, MOMENT)
    alone = [PARTS[part](3, 3).double().terms(*steps, MOMENT) for part in parts]
    assert list(terms) == [term for told in alone for term in told]


def test_a_sum_shows_and_leans_as_its_parts_do(steps: tuple[Step, Step]) -> None:
    images, labels = torch.randn(4, 1, 3, 3), torch.zeros(4, dtype=torch.int64)
    network = torch.nn.Identity()
    both = sum_of(3, 3, "augment+adabn")
    assert both.target_statistics == 1
    assert not torch.equal(both.shown(images, labels, network), images)
    off = sum_of(3, 3, "augment+adabn", weight=0.0)
    assert off.target_statistics == 0
    assert off.shown(images, labels, network) is images


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ("coral+fischer", "sum has no part 'fischer'; did you mean 'fisher'"),
        ("coral", "sum:coral needs two or more parts"),
        ("coral+coral", "each named once"),
        ("dann+cdan", "has cdan and dann, which are of one kind"),
        ("source_only+mmd", "sum has no part 'source_only'"),
    ],
)
def test_a_sum_that_is_none_is_refused(parts: str, told: str) -> None:
    with pytest.raises(SuiteError, match=told.replace("+", r"\+")):
        sum_of(3, 3, parts)
