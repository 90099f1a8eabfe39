"""What an image goes through when it is attacked is its own, to the last bit, whatever is attacked beside it.

By the shapes of what is computed, not by the luck of a processor: kernels give other last bits to another number of
images, and some to another place among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from astrobench import Output
from astrobench_networks.convnet import convnet
from astrobench_networks.resnet18 import resnet18
from astrobench_perturbations import rule as module
from astrobench_perturbations.cone import Cone
from astrobench_perturbations.dense import Dense
from astrobench_perturbations.graph import stages_of
from astrobench_perturbations.ranked import Ranked
from astrobench_perturbations.rule import Rule
from astrobench_perturbations.search import Search
from plugins.perturbations.nets import Net, settled
from plugins.perturbations.skies import dim, hills
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from astrobench_perturbations.attempt import Attempt
    from astrobench_perturbations.evaluators import Evaluator

POPULATION = 7  # no vector of any processor is filled by it
IMAGES = 5
RULE = Rule(POPULATION, 3, 0.5, "resample", (0.0, 1.0), only_correct=False)


class Curved(nn.Module):
    """Logits through functions that vector and scalar instructions round in two ways."""

    def __init__(self) -> None:
        super().__init__()
        self.hills = hills(lead=1.0)

    def forward(self, images: torch.Tensor) -> Output:
        logits = self.hills(images).logits
        return Output(logits, logits + nn.functional.gelu(logits) * torch.sigmoid(logits))


def tailed() -> Net:
    """Return a network whose cone ends in a hidden layer."""
    torch.manual_seed(4)
    trunk = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
    model = settled(Net(trunk, nn.Sequential(nn.Linear(144, 8), nn.ReLU()), nn.Linear(8, 3)))
    model.head.weight.data.mul_(20)
    return model


def shipped(build: object, side: int) -> nn.Module:
    torch.manual_seed(4)
    model = build((3, side, side), 3).eval()  # type: ignore[operator]
    model.head.weight.data.mul_(50)
    return model.to(memory_format=torch.channels_last)


def dense(model: nn.Module, images: torch.Tensor, slots: int) -> Evaluator:
    return Dense(model, slots, images)


def cone(model: nn.Module, images: torch.Tensor, slots: int) -> Evaluator:
    channels, *size = images.shape[1:]
    return Cone(stages_of(model, (channels, *size)), slots, (channels, *size))


def ranked(model: nn.Module, images: torch.Tensor, slots: int) -> Evaluator:
    found = Ranked.of(model, slots, images)
    assert found is not None
    return found


WAYS = {
    "hills, whole": (lambda: hills(lead=1.0), 12, dense),
    "curved, whole": (Curved, 12, dense),
    "hills, ranked": (lambda: hills(lead=1.0), 12, ranked),
    "a hidden layer, cone": (tailed, 12, cone),
    "a hidden layer, ranked": (tailed, 12, ranked),
    "convnet, whole": (lambda: shipped(convnet, 24), 24, dense),
    "convnet, cone": (lambda: shipped(convnet, 24), 24, cone),
    "convnet, ranked": (lambda: shipped(convnet, 24), 24, ranked),
    "resnet18, whole": (lambda: shipped(resnet18, 16), 16, dense),
}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As a suite does, unless it says otherwise."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("way", WAYS)
def test_an_attack_takes_the_same_bits_alone_in_any_slot_and_however_often_the_host_looks(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build, side, kind = WAYS[way]
    with torch.inference_mode():
        model, images = build(), dim(IMAGES, (3, side, side))
        monkeypatch.setattr(module, "CANDIDATES_AT_ONCE", 3 * POPULATION)
        beside = attacked(kind(model, images, 3), images, range(IMAGES))
        rarely = attacked(kind(model, images, 3), images, range(IMAGES), unseen=3)
        backwards = attacked(kind(model, images, 3), images, range(IMAGES)[::-1])[::-1]
        alone = [attacked(kind(model, images, 1), images, [image])[0] for image in range(0, IMAGES, 2)]
    for others in (rarely, backwards, alone):
        for one, other in zip(beside[:: 2 if others is alone else 1], others, strict=True):
            same(one, other)


def attacked(evaluator: Evaluator, images: torch.Tensor, order: object, unseen: int = 1) -> list[Attempt]:
    """Attack some of the images in an order, each with the draws of its own."""
    rows = list(order)  # type: ignore[call-overload]
    streams = [np.random.default_rng(row) for row in rows]
    return Search(evaluator, images[rows], np.zeros(len(rows), np.int64), streams, RULE, unseen).run()


def same(one: Attempt, other: Attempt) -> None:
    for name in ("target", "generation", "queries", "number", "succeeded"):
        assert getattr(one, name) == getattr(other, name), name
    assert one.population.height.tolist() == other.population.height.tolist()
    assert torch.equal(one.population.champion, other.population.champion)
    if not one.succeeded:  # a search that has succeeded is left as it is when it is seen
        assert torch.equal(one.population.members, other.population.members)
        assert torch.equal(one.population.fitness, other.population.fitness)
