"""How fast one pixel is attacked: torchattacks, whole images, and what a network allows beyond.

    python -m tests.performance.attacks [--images 1] [--generations 80] [--rounds 5]

needs `.[performance]` and takes a quarter of an hour. Contenders take turns on one thread; figures are of CPU seconds,
and a ratio is that of one round. Each round attacks another image, all contenders the same one, with the published
budget of 400 candidates and 80 generations: up to two minutes for the peer. `--generations 8` is a look at it.
"""

from __future__ import annotations

import argparse
import copy
import importlib.util
import time
from functools import cache
from statistics import median
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

import torch
from astrobench import Streams
from astrobench_perturbations import by_search
from astrobench_perturbations.dense import Dense
from astrobench_perturbations.evaluators import evaluator_for
from astrobench_perturbations.evolution import Pixels
from astrobench_perturbations.one_pixel import one_pixel
from torch import nn

from . import table
from .targets import SHAPE, batch_of, sky, starts_of, trained, unmoved

if TYPE_CHECKING:
    from collections.abc import Callable

PEER = "torchattacks 3.5.1"
POPULATION = 400
STUDY = 150
"""Images that share one set-up in a study. Ours attacks the same few as often, with other draws, as makes so many."""
COPIES = 8
"""How often it attacks an image where a study would take minutes."""
NAMES = {0: "dense", 1: "cone", 2: "ranked in bfloat16"}


class Run(NamedTuple):
    """One contender's attack: network evaluations, seconds of CPU, images attacked and flipped, how it evaluated."""

    evaluations: int
    seconds: float
    images: int
    flipped: int
    evaluator: str = ""


class Race(NamedTuple):
    """A network, and how many images are attacked over how many generations in a round."""

    name: str
    network: nn.Module
    images: int
    generations: int


class Counted(nn.Module):
    """A network's logits alone, as torchattacks wants them, with the images it was shown counted."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network, self.shown = network, 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.shown += len(images)
        return self.network(images).logits


def torchattacks(race: Race, images: torch.Tensor) -> Run:
    """Attack with torchattacks, its own best/1 search and batches, population and generations as ours."""
    from torchattacks import OnePixel

    starts, counted = starts_of(race.network, images), Counted(race.network).eval()
    peer = OnePixel(counted, steps=race.generations, popsize=POPULATION)
    begun = time.process_time()
    changed = peer(images, torch.from_numpy(starts))
    seconds, shown = time.process_time() - begun, counted.shown
    return Run(shown, seconds, len(images), int((starts_of(race.network, changed) != starts).sum()))


def ours(race: Race, images: torch.Tensor, copies: int = 0) -> Run:
    """Attack as a suite does: in channels-last memory, each image several times with draws of its own."""
    images = images.repeat(copies or STUDY // len(images), 1, 1, 1).contiguous(memory_format=torch.channels_last)
    network = as_the_engine(race.network)
    batch = batch_of(images, starts_of(network, images))
    budget = {"population": POPULATION, "generations": race.generations}
    begun = time.process_time()
    facts = one_pixel(batch, network, Streams("race"), images=len(images), **budget).facts
    seconds, (evaluator,) = time.process_time() - begun, set(facts["evaluator"].tolist())
    return Run(int(facts["queries"].sum()), seconds, len(images), int(facts["success"].sum()), NAMES[evaluator])


@cache
def as_the_engine(network: nn.Module) -> nn.Module:
    """Return a copy of a network in the memory that the engine gives it."""
    return copy.deepcopy(network).to(memory_format=torch.channels_last)


def dense(race: Race, images: torch.Tensor) -> Run:
    """Attack once with whole images in float32 whatever the network."""
    with patch.object(by_search, "evaluator_for", lambda model, slots, sample, ranking: Dense(model, slots, sample)):
        return ours(race, images, copies=1)


def unsearched(race: Race, images: torch.Tensor) -> Run:
    """Evaluate random candidates without any search, for the evaluator's rate by itself."""
    images = images.repeat(COPIES, 1, 1, 1)
    slots = torch.arange(len(images)).repeat_interleave(POPULATION)
    evaluator = evaluator_for(race.network, len(images), images)
    rows, cols = torch.randint(SHAPE[1], (2, len(slots)))
    pixels = Pixels(rows, cols, torch.rand(len(slots), SHAPE[0]))
    evaluator.place(list(range(len(images))), images)
    begun, done = time.process_time(), 0
    while time.process_time() - begun < 1:
        evaluator.logits(slots, pixels)
        done += len(slots)
    return Run(done, time.process_time() - begun, len(images), 0, NAMES[evaluator.code])


def gain(side: int = 1024, turns: int = 9) -> float:
    """Return how many times faster matrices are multiplied in bfloat16 than in float32, here and now."""
    seconds: dict[torch.dtype, list[float]] = {torch.float32: [], torch.bfloat16: []}
    for dtype, kept in [*seconds.items()] * turns:
        matrix = torch.ones(side, side, dtype=dtype)
        begun = time.process_time()
        matrix @ matrix
        kept.append(time.process_time() - begun)
    return median(seconds[torch.float32]) / median(seconds[torch.bfloat16])


CONVNET: tuple[Callable[[Race, torch.Tensor], Run], ...] = (torchattacks, ours, dense, unsearched)
RESNET18: tuple[Callable[[Race, torch.Tensor], Run], ...] = (
    torchattacks,
    lambda race, images: ours(race, images, COPIES),
)


def turns(race: Race, contenders: tuple[Callable[[Race, torch.Tensor], Run], ...], rounds: int) -> list[list[Run]]:
    """Let contenders take turns, after one small turn each to warm up; return the runs of each."""
    torch.set_num_threads(1)
    images, _ = sky(race.images * rounds, seed=1)
    with torch.inference_mode():
        for contender in contenders:
            contender(race._replace(generations=1), images[:1])
        taken = [[contender(race, part) for contender in contenders] for part in images.split(race.images)]
    return [list(runs) for runs in zip(*taken, strict=True)]


def rows(rounds: int = 5, images: int = 1, generations: int = 80) -> list[table.Row]:
    """Return the rows of the race."""
    if importlib.util.find_spec("torchattacks") is None:
        return [table.absent("one pixel", PEER)]
    small, large = (
        Race("one pixel, ConvNet", trained(), images, generations),
        Race("one pixel, ResNet18", unmoved(), 1, 2),
    )
    return [*_small(small, rounds), *_large(large, rounds)]


def _small(race: Race, rounds: int) -> list[table.Row]:
    peer, mine, whole, bare = turns(race, CONVNET, rounds)
    name = mine[0].evaluator
    flipped = "; ".join(
        f"{who}: {sum(one.flipped for one in runs) / sum(one.images for one in runs):.2f} of images flipped"
        for who, runs in (("ours", mine), ("the peer", peer))
    )
    images = ([one.images / one.seconds for one in runs] for runs in (mine, peer))
    budget = f"{POPULATION} candidates × {race.generations} generations at most; {flipped}"
    return [
        _evaluations(race, f"{name}, search included", mine, peer, goal="≥ 180×", limit="in C++ 572×"),
        table.by_rate(
            race.name, f"{name}, end to end", PEER, *images,
            unit="images/s", goal="≥ 300×", limit="in C++ 850×", note=budget,
        ),
        _evaluations(race, f"{name}, no search", bare, peer),
        _evaluations(race, "whole images, search included", whole, peer, limit="tuned, 2.9×"),
    ]  # fmt: skip


def _large(race: Race, rounds: int) -> list[table.Row]:
    peer, mine = turns(race, RESNET18, rounds)
    note = (
        f"{POPULATION} candidates × {race.generations} generations, none flipped; {COPIES} searches an image share our "
        f"set-up; products in bfloat16 were {gain():.1f}× as fast as in float32"
    )
    name = f"{mine[0].evaluator}, search included"
    limit = "whole images in compiled bfloat16 5.3×"
    return [_evaluations(race, name, mine, peer, goal="≥ 5×", limit=limit, note=note)]


def _evaluations(race: Race, name: str, mine: list[Run], peer: list[Run], **words: str) -> table.Row:
    rates = ([one.evaluations / one.seconds for one in runs] for runs in (mine, peer))
    return table.by_rate(race.name, name, PEER, *rates, unit="evaluations/s", **words)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=1)
    parser.add_argument("--generations", type=int, default=80)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    for row in rows(asked.rounds, asked.images, asked.generations):
        print(*table.cells(row), sep=" | ")


if __name__ == "__main__":
    main()
