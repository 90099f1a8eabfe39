"""How fast a network is trained: a plain PyTorch loop, pytorch-adapt where it is installed, and ours.

    python -m tests.performance.training [--rounds 5] [--networks convnet,resnet18]

Same images, same batch of 128 (+ 128 of the target), same Adam, one thread. Contenders take turns, each turn in a
process of its own, for how a heap is kept outlives a contender. Seconds are of CPU, a step's; a ratio is the median
over rounds of a round's ratio. The plain loop is what a paper's repository has: a DataLoader, one forward a domain, the
loss read at each step, and for the MMD the 19 kernels over expanded differences. The overhead of MMD is what its value
and gradient take on latents of that batch, of a whole step with it. A ResNet18, whose steps take seconds, is trained on
the source alone.
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
from astrobench import Method, Moment, Step
from astrobench.stages.bench import steady
from astrobench.suite import Training
from astrobench.training import Checkpoint, Material, train
from astrobench_alignment.mmd_deepadversaries import mmd_deepadversaries
from astrobench_alignment.source_only import source_only
from astrobench_networks.convnet import convnet
from astrobench_networks.resnet18 import resnet18
from torch import nn

from . import table
from .training_peers import CLASSES, SHAPE, SIZE, STEPS, adapted, material, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

PEER = "pytorch-adapt 0.0.83 + MMD"
NETWORKS: dict[str, Callable[[tuple[int, int, int], int], nn.Module]] = {"convnet": convnet, "resnet18": resnet18}
LARGE = ("resnet18",)
"""Networks that are trained on the source alone, and never two at once."""
LIMITS = {
    "convnet": {"ours": "a prototype's 2.0×", "ours, bf16": "a prototype's 2.9×"},
    "resnet18": {"ours": "the same convolutions in float32: a prototype's 1.17×", "ours, bf16": "a prototype's 2.6×"},
}
"""What prototypes with the same means have reached."""


def ours(network: nn.Module, shown: Material, method: Method, precision: str = "float32") -> float:
    """Train with the engine's loop; return CPU seconds a step, its validation and its end counted in."""
    rules = Training(epochs=1, batch_size=SIZE, batchnorm="running", precision=precision)  # type: ignore[arg-type]
    network = network.to(memory_format=torch.channels_last)
    begun = time.process_time()
    train(network, method, shown, rules, "race", Checkpoint())
    return (time.process_time() - begun) / STEPS


def loss_of_mmd() -> float:
    """Return CPU seconds of the MMD's value and gradient on the latents of a batch of each domain."""
    torch.manual_seed(0)
    method, many = mmd_deepadversaries(256, CLASSES), 20
    source, target = (Step(torch.randn(SIZE, 256, requires_grad=True), torch.zeros(SIZE, CLASSES)) for _ in range(2))
    begun = time.process_time()
    for _ in range(many):
        (loss,) = method.terms(source, target, Moment(0, 0.5)).values()
        loss.backward()
    return (time.process_time() - begun) / many


def contenders(network: str) -> dict[str, Callable[[nn.Module, Material], float]]:
    """Return who trains a network."""
    alone: dict[str, Callable[[nn.Module, Material], float]] = {
        "plain": lambda network, shown: plain(network, shown, aligned=False),
        "ours": lambda network, shown: ours(network, shown, source_only(256, CLASSES)),
        "ours, bf16": lambda network, shown: ours(network, shown, source_only(256, CLASSES), "bf16"),
    }
    if network in LARGE:
        return alone
    peer = {PEER: adapted} if importlib.util.find_spec("pytorch_adapt") else {}
    return {
        **alone,
        "plain + MMD": lambda network, shown: plain(network, shown, aligned=True),
        "ours + MMD": lambda network, shown: ours(network, shown, mmd_deepadversaries(256, CLASSES)),
        "loss of the MMD": lambda *_: loss_of_mmd(),
        **peer,
    }


def turn(network: str, who: str) -> float:
    """Return one contender's CPU seconds a step, the second time it trains in this process."""
    torch.set_num_threads(1)
    if who.startswith("ours"):
        steady(1)
    shown, run = material(), contenders(network)[who]
    torch.manual_seed(0)
    run(NETWORKS[network](SHAPE, CLASSES), shown)
    return run(NETWORKS[network](SHAPE, CLASSES), shown)


def race(network: str, rounds: int) -> dict[str, list[float]]:
    """Let the contenders take turns, each in a process of its own."""
    seconds: dict[str, list[float]] = {who: [] for who in contenders(network)}
    for _, who in itertools.product(range(rounds), seconds):
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            seconds[who].append(pool.submit(turn, network, who).result())
    return seconds


def rows(rounds: int = 5, networks: Sequence[str] = ("convnet", "resnet18")) -> list[table.Row]:
    """Return the rows of the race."""
    found = [row for name in networks for row in told(name, race(name, rounds))]
    return [*found, *(side_by_side(name, rounds) for name in networks if name not in LARGE)]


def told(network: str, seconds: Mapping[str, Sequence[float]]) -> list[table.Row]:
    """Return the rows of a network from the seconds a step of each contender."""
    name = f"training a {network}, batch {SIZE}"
    pairs = [("ours", "plain", "≥ 1.5×"), ("ours, bf16", "plain", ""), ("ours + MMD", "plain + MMD", "≥ 1.5×")]
    limit = LIMITS[network]
    found = [
        table.by_cost(
            name, who, peer, seconds[who], seconds[peer], unit="s a step", goal=goal, limit=limit.get(who, "")
        )
        for who, peer, goal in (*pairs, ("ours + MMD", PEER, ""))
        if who in seconds and peer in seconds
    ]
    if network in LARGE:
        return found
    found += [] if PEER in seconds else [table.absent(name, PEER)]
    both = zip(seconds["loss of the MMD"], seconds["ours + MMD"], strict=True)
    overhead = [100 * loss / whole for loss, whole in both]
    note = "its value and gradient, of a step with it"
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
    shown, run = material(), contenders(network)["ours"]
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
