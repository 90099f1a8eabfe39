"""What many searches side by side promise: no slot idles, and each ends for itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from astrobench_perturbations import rule as module
from astrobench_perturbations.rule import Rule
from astrobench_perturbations.search import Search

if TYPE_CHECKING:
    from astrobench_perturbations.attempt import Attempt
    from astrobench_perturbations.evolution import Pixels

POPULATION = 10


@dataclass
class Scripted:
    """An evaluator that grants each image its target in a generation of its own, and writes down what it was asked.

    The value of an image's first pixel is that generation.
    """

    code: int = 0
    held: dict[int, int] = field(default_factory=dict)
    asked: dict[int, int] = field(default_factory=dict)
    widths: list[int] = field(default_factory=list)

    def place(self, slots: list[int], images: torch.Tensor) -> torch.Tensor:
        self.held |= {slot: int(image[0, 0, 0]) for slot, image in zip(slots, images, strict=True)}
        self.asked |= dict.fromkeys(slots, -1)
        return torch.tensor([[9.0, 0.0]]).repeat(len(slots), 1)

    def logits(self, slots: torch.Tensor, pixels: Pixels) -> torch.Tensor:
        self.widths.append(len(slots))
        for slot in set(slots.tolist()):
            self.asked[slot] += 1
        granted = [self.asked[slot] >= self.held[slot] for slot in slots.tolist()]
        return torch.tensor([[0.0, 9.0] if yes else [9.0, 0.0] for yes in granted])


def attacked(
    generations: list[int], evaluator: Scripted, labels: list[int] | None = None, unseen: int = 1
) -> list[Attempt]:
    """Attack images that flip in the given generations, from class 0 to class 1 unless told otherwise."""
    images = torch.tensor(generations, dtype=torch.float32)[:, None, None, None].expand(-1, 3, 4, 4)
    n = len(generations)
    rule = Rule(POPULATION, 6, 0.5, "resample", (0.0, 1.0))
    streams = [np.random.default_rng(number) for number in range(n)]
    return Search(evaluator, images, np.array(labels or [0] * n), streams, rule, unseen).run()


@pytest.fixture(autouse=True)
def _three_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CANDIDATES_AT_ONCE", 3 * POPULATION)


def test_a_slot_is_given_to_the_next_image_as_soon_as_it_is_free() -> None:
    evaluator = Scripted()
    attacked([0, 5, 2, 3, 0, 1, 4, 2], evaluator)
    # populations: 1, 6, 3, 4, 1, 2, 5, 3; the last image enters at the seventh step, beside the last but one
    assert evaluator.widths == [30] * 6 + [20] * 3 + [10]


def test_the_slot_of_an_image_that_is_wrong_already_goes_to_the_next_at_once() -> None:
    evaluator = Scripted()
    found = attacked([2, 5, 2, 3, 2, 1, 4, 2], evaluator, labels=[0, 1, 0, 1, 1, 0, 1, 0])
    assert [attempt.image for attempt in found] == [0, 2, 5, 7]
    assert evaluator.widths == [30, 30, 30, 10, 10]  # populations: 3, 3, 2, and 3 from the third step on
    assert attacked([0, 0], Scripted(), labels=[1, 1]) == []


def test_images_keep_their_order_and_their_own_end() -> None:
    found = attacked([4, 0, 2, 1, 3], Scripted())
    assert [attempt.image for attempt in found] == [0, 1, 2, 3, 4]
    assert [attempt.generation for attempt in found] == [4, 0, 2, 1, 3]
    assert [attempt.queries for attempt in found] == [50, 10, 30, 20, 40]
    assert all(attempt.succeeded for attempt in found)


def test_a_success_after_the_last_generation_is_credited_and_later_ones_are_not_seen() -> None:
    last, never = attacked([6, 7], Scripted())
    assert (last.succeeded, last.generation, last.queries) == (True, 6, 70)
    assert (never.succeeded, never.generation, never.queries) == (False, 6, 70)


def test_a_network_that_answers_nan_is_survived() -> None:
    evaluator = Scripted()
    evaluator.logits = lambda slots, pixels: torch.full((len(slots), 2), torch.nan)  # type: ignore[method-assign]
    (found,) = attacked([0], evaluator)
    assert (found.succeeded, found.generation) == (False, 6)
