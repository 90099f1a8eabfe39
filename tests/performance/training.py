"""How fast a network is trained: a plain PyTorch loop, pytorch-adapt where it is installed, and ours.

    python -m tests.performance.training [--rounds 5] [--networks convnet,resnet18]

Same images, same batch of 128 (+ 128 of the target), same Adam, one thread. Contenders take turns, each turn in a
process of its own, for how a heap is kept outlives a contender. Seconds are of CPU, a step's; a ratio is the median
over rounds of a round's ratio. The plain loop is what a paper's repository has: a DataLoader, one forward a domain, the
loss read at each step, and for the MMD the 19 kernels over expanded differences. "anchors" shows both domains and pulls
their means together: what MMD costs beyond is the overhead of its loss.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from statistics import median
from typing import TYPE_CHECKING, Any

import torch
from astrobench import Alignment, Method
from astrobench.stages.bench import steady
from astrobench.suite import Training
from astrobench.training import Checkpoint, Material, train
from astrobench_alignment.mmd_deepadversaries import VARIANCES, mmd_deepadversaries
from astrobench_alignment.source_only import source_only
from astrobench_networks.convnet import convnet
from astrobench_networks.resnet18 import resnet18
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from . import table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PEER = "pytorch-adapt 0.0.83 + MMD"
SIZE, STEPS, SHAPE, CLASSES = 128, 4, (3, 100, 100), 3
NETWORKS: dict[str, Callable[[tuple[int, int, int], int], nn.Module]] = {"convnet": convnet, "resnet18": resnet18}


def material() -> Material:
    """Return noise with labels: what is learned costs nothing more or less."""
    torch.manual_seed(0)
    images = [torch.rand(SIZE * STEPS, *SHAPE) for _ in range(2)]
    source, target = (part.contiguous(memory_format=torch.channels_last) for part in images)
    labels = torch.arange(len(source)) % CLASSES
    return Material(source, labels, source[:2], labels[:2], target, CLASSES)


def plain(network: nn.Module, shown: Material, *, aligned: bool) -> float:
    """Train as a paper's script does; return CPU seconds a step."""
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    source = DataLoader(TensorDataset(shown.inputs.contiguous(), shown.labels), SIZE, shuffle=True)
    target = DataLoader(TensorDataset(shown.target_inputs.contiguous()), SIZE, shuffle=True)
    network.train()
    begun, told = time.process_time(), 0.0
    for (images, labels), (others,) in zip(source, target, strict=True):
        optimiser.zero_grad()
        found = network(images)
        loss = nn.functional.cross_entropy(found.logits, labels)
        if aligned:
            loss = loss + 0.01 * expanded_mmd(found.latent, network(others).latent)
        loss.backward()
        optimiser.step()
        told += loss.item()
    return (time.process_time() - begun) / STEPS


def expanded_mmd(source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the biased MMD of 19 kernels from all differences written out, (n + m, n + m, F)."""
    points = torch.cat([source, target])
    apart = (points[:, None] - points[None]).square().sum(2)
    kernel = torch.stack([torch.exp(-apart / (2 * variance)) for variance in VARIANCES]).sum(0)
    n = len(source)
    return kernel[:n, :n].mean() + kernel[n:, n:].mean() - 2 * kernel[:n, n:].mean()


def adapted(network: nn.Module, shown: Material) -> float:
    """Train with pytorch-adapt's own step, its MMD and its default kernel; return CPU seconds a step."""
    from pytorch_adapt.hooks import AlignerPlusCHook

    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    hook = AlignerPlusCHook([optimiser])
    models = {"G": _Latent(network), "C": _Head(network)}
    network.train()
    order = torch.randperm(len(shown.inputs)).split(SIZE)
    begun = time.process_time()
    for rows in order:
        batch = {
            "src_imgs": shown.inputs[rows],
            "src_labels": shown.labels[rows],
            "target_imgs": shown.target_inputs[rows],
        }
        hook({**models, **batch, "src_domain": torch.zeros(SIZE), "target_domain": torch.ones(SIZE)})
    return (time.process_time() - begun) / STEPS


class _Latent(nn.Module):
    """The latent of a network."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.network(images).latent
        return found


class _Head(nn.Module):
    """The linear head of a network, on its latent."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.network.head(latent)  # type: ignore[operator]
        return found


def ours(network: nn.Module, shown: Material, method: Method, precision: str = "float32") -> float:
    """Train with the engine's loop; return CPU seconds a step, its validation and its end counted in."""
    rules = Training(epochs=1, batch_size=SIZE, batchnorm="running", precision=precision)  # type: ignore[arg-type]
    network = network.to(memory_format=torch.channels_last)
    begun = time.process_time()
    train(network, method, shown, rules, "race", Checkpoint())
    return (time.process_time() - begun) / STEPS


def anchors() -> Method:
    """Return the cheapest alignment there is."""
    return Alignment(lambda source, target: (source.mean(0) - target.mean(0)).square().sum(), 0.01)


def contenders() -> dict[str, Callable[[nn.Module, Material], float]]:
    """Return who takes part."""
    found: dict[str, Callable[[nn.Module, Material], float]] = {
        "plain": lambda network, shown: plain(network, shown, aligned=False),
        "ours": lambda network, shown: ours(network, shown, source_only(256, CLASSES)),
        "ours, bf16": lambda network, shown: ours(network, shown, source_only(256, CLASSES), "bf16"),
        "plain + MMD": lambda network, shown: plain(network, shown, aligned=True),
        "ours + MMD": lambda network, shown: ours(network, shown, mmd_deepadversaries(256, CLASSES)),
        "ours + anchors": lambda network, shown: ours(network, shown, anchors()),
    }
    return {**found, PEER: adapted} if importlib.util.find_spec("pytorch_adapt") else found


def turn(network: str, who: str) -> float:
    """Return one contender's CPU seconds a step, the second time it trains in this process."""
    torch.set_num_threads(1)
    if who.startswith("ours"):
        steady(1)
    shown, run = material(), contenders()[who]
    torch.manual_seed(0)
    run(NETWORKS[network](SHAPE, CLASSES), shown)
    return run(NETWORKS[network](SHAPE, CLASSES), shown)


def race(network: str, rounds: int) -> dict[str, list[float]]:
    """Let the contenders take turns, each in a process of its own."""
    seconds: dict[str, list[float]] = {who: [] for who in contenders()}
    for _, who in itertools.product(range(rounds), seconds):
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            seconds[who].append(pool.submit(turn, network, who).result())
    return seconds


def rows(rounds: int = 5, networks: Sequence[str] = ("convnet",)) -> list[table.Row]:
    """Return the rows of the race."""
    return [row for name in networks for row in (*told(name, race(name, rounds)), side_by_side(name, rounds))]


def told(network: str, seconds: Mapping[str, Sequence[float]]) -> list[table.Row]:
    """Return the rows of a network from the seconds a step of each contender."""
    name = f"training a {network}, batch {SIZE}"
    pairs = [("ours", "plain", "≥ 1.5×"), ("ours, bf16", "plain", ""), ("ours + MMD", "plain + MMD", "≥ 1.5×")]
    pairs += [("ours + MMD", PEER, "≥ 1.5×")] if PEER in seconds else []
    found = [
        table.by_cost(name, who, peer, seconds[who], seconds[peer], unit="s a step", goal=goal)
        for who, peer, goal in pairs
    ]
    found += [] if PEER in seconds else [table.absent(name, PEER)]
    both = zip(seconds["ours + MMD"], seconds["ours + anchors"], strict=True)
    overhead = [100 * (1 - without / whole) for whole, without in both]
    note = "of a step with MMD: what is beyond pulling two means together"
    return [*found, table.alone(name, "loss of the MMD", overhead, unit="%", goal="≤ 10 %", note=note)]


def side_by_side(network: str, rounds: int) -> table.Row:
    """Return the row of two trainings at once, a thread each, beside one after the other on two threads."""
    apart, together = [], []
    for _ in range(rounds):
        apart.append(median(_walls(network, workers=2, threads=1)) / 2)
        together.append(median(_walls(network, workers=1, threads=2)))
    words = {"unit": "s a step (wall clock)", "goal": "≥ 1×", "note": "of no meaning where others use the cores"}
    return table.by_cost(f"training a {network}, two cores", "two cells", "two threads", apart, together, **words)


def _walls(network: str, workers: int, threads: int) -> list[float]:
    context = multiprocessing.get_context("spawn")
    start = (context.Barrier(workers),)
    with ProcessPoolExecutor(workers, context, initializer=_meet, initargs=start) as pool:
        return [one.result() for one in [pool.submit(_wall, network, threads) for _ in range(workers)]]


def _meet(barrier: Any) -> None:
    _START.append(barrier)


def _wall(network: str, threads: int) -> float:
    """Return seconds of the wall clock a step of ours, started when all are ready."""
    steady(threads)
    shown, run = material(), contenders()["ours"]
    run(NETWORKS[network](SHAPE, CLASSES), shown)
    _START[-1].wait(300)  # seconds, after which a partner is taken for dead
    begun = time.perf_counter()
    run(NETWORKS[network](SHAPE, CLASSES), shown)
    return (time.perf_counter() - begun) / STEPS


_START: list[Any] = []
"""The barrier that a worker was given when it began."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--networks", default="convnet,resnet18")
    asked = parser.parse_args()
    for row in rows(asked.rounds, asked.networks.split(",")):
        print(*table.cells(row), sep=" | ")


if __name__ == "__main__":
    main()
