"""How fast one pixel is attacked: torchattacks, the dense evaluator and the cone on the same network and budget.

    python -m tests.performance.attacks [--images 8] [--generations 10] [--rounds 5]

needs `.[performance]` and takes a quarter of an hour. Contenders take turns on one thread; times are seconds of
CPU, and a ratio is the median over rounds of a round's ratio, for other work on the machine comes and goes. The
network has two classes, for which "the target's probability exceeds 0.5" and "the class changes" are one rule.
"""

from __future__ import annotations

import argparse
import time
from statistics import median
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

import numpy as np
import torch
from astrobench import Batch, Output, Streams
from astrobench_perturbations import one_pixel as attack
from astrobench_perturbations.cone import Cone
from astrobench_perturbations.dense import Dense
from astrobench_perturbations.evaluators import evaluator_for
from astrobench_perturbations.evolution import Pixels
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable

POPULATION = 400
SIDE = 100


class Run(NamedTuple):
    """One contender's attack: network evaluations, seconds of CPU, images attacked and flipped."""

    evaluations: int
    seconds: float
    images: int
    flipped: int

    @property
    def rate(self) -> float:
        """Evaluations a CPU-second."""
        return self.evaluations / self.seconds


class ConvNet(nn.Module):
    """The ConvNet of DeepAdversaries with two outputs."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after, kernel in ((3, 8, 5), (8, 16, 3), (16, 32, 3)):
            layers += [nn.Conv2d(before, after, kernel, padding=kernel // 2), nn.BatchNorm2d(after)]
            layers += [nn.ReLU(), nn.MaxPool2d(2)]
        self.trunk = nn.Sequential(*layers, nn.Flatten())
        self.bottleneck, self.head = nn.Linear(32 * 12 * 12, 256), nn.Linear(256, 2)

    def forward(self, images: torch.Tensor) -> Output:
        latent = self.bottleneck(self.trunk(images))
        return Output(latent, self.head(latent))


class Counted(nn.Module):
    """A network's logits alone, as torchattacks wants them, with the images it was shown counted."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network, self.shown = network, 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.shown += len(images)
        return self.network(images).logits


def sky(images: int) -> tuple[torch.Tensor, np.ndarray]:
    """Return blobs in noise, float32 (images, 3, 100, 100), about 0.5, and whether each is an extended one."""
    stream = np.random.default_rng(0)
    labels = np.arange(images) % 2
    rows, cols = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    width = np.where(labels, 7.0, 5.0)[:, None, None]
    blobs = 0.1 * np.exp(-(rows**2 + cols**2) / (2 * width**2))
    noise = stream.normal(0, 0.04, (images, 3, SIDE, SIDE))
    return torch.from_numpy(0.5 + blobs[:, None] + noise).float(), labels


def trained(steps: int = 25) -> ConvNet:
    """Return a network that tells the two kinds apart, not too surely."""
    torch.manual_seed(0)
    network, (images, labels) = ConvNet(), sky(64)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(steps):
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(images).logits, torch.from_numpy(labels)).backward()
        optimiser.step()
    return network.eval()


def torchattacks(network: nn.Module, images: torch.Tensor, starts: np.ndarray, generations: int) -> Run:
    """Attack with torchattacks 3.5.1, its own best/1 search, population and generations as ours."""
    from torchattacks import OnePixel

    counted = Counted(network).eval()  # it leaves a network in the mode it found
    peer = OnePixel(counted, steps=generations, popsize=POPULATION)
    begun = time.process_time()
    changed = peer(images, torch.from_numpy(starts))
    seconds, shown = time.process_time() - begun, counted.shown
    flipped = (network(changed).logits.argmax(1).numpy() != starts).sum()
    return Run(shown, seconds, len(images), int(flipped))


def ours(evaluator: Callable[..., object]) -> Callable[[nn.Module, torch.Tensor, np.ndarray, int], Run]:
    """Return our attack through one evaluator, repeated until it takes long enough to be timed."""

    def run(network: nn.Module, images: torch.Tensor, starts: np.ndarray, generations: int) -> Run:
        total, begun = Run(0, 0.0, 0, 0), time.process_time()
        with patch.object(attack, "evaluator_for", evaluator):
            while total.seconds < 1:
                facts = attack.one_pixel(
                    _batch(images, starts), network, Streams("race"), population=POPULATION, generations=generations
                ).facts
                queries, flipped = int(facts["queries"].sum()), int(facts["success"].sum())
                total = Run(
                    total.evaluations + queries,
                    time.process_time() - begun,
                    total.images + len(images),
                    total.flipped + flipped,
                )
        return total

    return run


def _batch(images: torch.Tensor, starts: np.ndarray) -> Batch:
    ids = np.array([f"blob {number}" for number in range(len(images))])
    bands, limits = ("g", "r", "i"), (0.0, 1.0)
    return Batch(images.numpy(), images, starts, ids, lambda flux: flux, None, "e-", 0.2, bands, limits)


def alone(network: nn.Module, images: torch.Tensor, starts: np.ndarray, generations: int) -> Run:
    """Evaluate random populations through the cone without any search, for its rate by itself."""
    evaluator = evaluator_for(network, len(images), images)
    stream, slots = np.random.default_rng(0), np.repeat(np.arange(len(images)), POPULATION)
    rows, cols = stream.integers(SIDE, size=(2, len(slots)))
    values = stream.uniform(0, 1, (len(slots), 3)).astype(np.float32)
    evaluator.place(list(range(len(images))), images)
    begun, done = time.process_time(), 0
    while time.process_time() - begun < 1:
        evaluator.logits(slots, Pixels(rows, cols, values))
        done += len(slots)
    return Run(done, time.process_time() - begun, len(images), 0)


CONTENDERS: dict[str, Callable[[nn.Module, torch.Tensor, np.ndarray, int], Run]] = {
    "torchattacks 3.5.1": torchattacks,
    "dense": ours(lambda network, slots, sample: Dense(network, slots, sample)),
    "cone": ours(evaluator_for),
    "cone, no search": alone,
}


def race(images: int, generations: int, rounds: int) -> dict[str, list[Run]]:
    """Let the contenders take turns, after one small turn each to warm up."""
    torch.set_num_threads(1)
    network, (sample, _) = trained(), sky(images)
    with torch.inference_mode():
        starts = network(sample).logits.argmax(1).numpy()  # every image is attacked from where it is
        assert isinstance(evaluator_for(network, 1, sample), Cone)
        for contender in CONTENDERS.values():
            contender(network, sample[:1], starts[:1], 1)
        runs: dict[str, list[Run]] = {name: [] for name in CONTENDERS}
        for _ in range(rounds):
            for name, contender in CONTENDERS.items():
                runs[name].append(contender(network, sample, starts, generations))
    return runs


def table(runs: dict[str, list[Run]]) -> list[str]:
    """Return lines: name, evaluations a CPU-second, and ratios to the first contender, with their range.

    The ratio of images attacked a CPU-second counts everything, preparation and an earlier end of a search too.
    """
    peer, *_ = runs.values()
    lines = [
        f"{'contender':20} {'evaluations/CPU-s':>18} {'ratio (range)':>24} {'images/CPU-s ratio':>20} {'flipped':>8}"
    ]
    for name, mine in runs.items():
        rates = sorted(one.rate / other.rate for one, other in zip(mine, peer, strict=True))
        whole = median(
            (one.images / one.seconds) / (other.images / other.seconds) for one, other in zip(mine, peer, strict=True)
        )
        spread = f"{median(rates):.1f} ({rates[0]:.1f}-{rates[-1]:.1f})"
        searched = name != "cone, no search"
        share = f"{sum(r.flipped for r in mine) / sum(r.images for r in mine):.2f}" if searched else ""
        end_to_end = f"{whole:.1f}" if searched else ""
        lines.append(f"{name:20} {median(r.rate for r in mine):18,.0f} {spread:>24} {end_to_end:>20} {share:>8}")
    return lines


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=8)
    parser.add_argument("--generations", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    print("\n".join(table(race(asked.images, asked.generations, asked.rounds))))


if __name__ == "__main__":
    main()
