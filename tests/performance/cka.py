"""What CKA between all convolutions of a ResNet18 costs: torch-cka, pytorch-cka, ours, and the bare forward pass.

    python -m tests.performance.cka [--rounds 5] [--images 512] [--batch 64]

needs `.[performance]`. Every turn is a process of its own on one thread, contenders take turns, and each has seen a
few bare forward passes before its clock starts. Seconds are of CPU, a ratio the median over rounds of a round's ratio;
memory is the peak above that of the bare pass; the error is the largest of any entry of the matrix, against Gram
matrices of the same float32 activations in float64. Peers are used as their pages show. ckatorch is not among them: it
takes no feature maps. "gram" is ours without the matrix at the end, which costs the same for any network.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from astrobench.grams import grams
from astrobench.layers import captured
from astrobench.parallel import limit_threads
from astrobench.similarity import minibatch_cka
from astrobench.stages.bench import steady
from astrobench_networks.resnet18 import resnet18
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from . import table

if TYPE_CHECKING:
    from collections.abc import Callable

SIDE = 100
PEER = "torch-cka 0.21"
MEGABYTE = 2**20
RACE, OURS = "CKA, all 20 convolutions of ResNet18, 512 images", "ours, as the engine"
PEERS = {PEER: "≥ 2.1×", "pytorch-cka 1.1.3": ""}
FLOORS = (
    ("ours", "bare forward pass", "≥ 0.87×", "as PyTorch comes"),
    (OURS, "bare, as the engine", "≥ 0.87×", "as the engine lays memory out, which speeds up the pass too"),
    ("gram, as the engine", "bare, as the engine", "", "Gram matrices of all layers, without the matrix of CKA"),
)
"""Who stands against which pass; 15 % of overhead is a ratio of 1 / 1.15."""


class Turn(NamedTuple):
    """One contender's turn: seconds of CPU, megabytes above the bare pass, the largest error."""

    seconds: float
    megabytes: float
    error: float


class Logits(nn.Module):
    """A network's logits alone, as peers want them; its layers keep their names."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.network(images).logits


def network() -> nn.Module:
    """Return a ResNet18 whose batch norm has seen images, and its convolutions' names as `layers`."""
    torch.manual_seed(0)
    model = resnet18((3, SIDE, SIDE), 3)
    with torch.no_grad():
        model.train()(sky(64))
    model.layers = tuple(name for name, part in model.named_modules() if isinstance(part, nn.Conv2d))
    return model.eval()


def sky(images: int) -> torch.Tensor:
    """Return blobs of many widths in noise, float32 (images, 3, 100, 100)."""
    stream = np.random.default_rng(0)
    rows, cols = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    width = stream.uniform(2, 20, images)[:, None, None]
    blobs = np.exp(-(rows**2 + cols**2) / (2 * width**2))[:, None] * stream.uniform(0.2, 1, (images, 3, 1, 1))
    return torch.from_numpy(blobs + stream.normal(0, 0.05, (images, 3, SIDE, SIDE))).float()


def bare(model: nn.Module, images: torch.Tensor, size: int) -> None:
    """Let the images through the network."""
    with torch.inference_mode():
        for some in torch.split(images, size):
            model(some)


def torch_cka(model: nn.Module, images: torch.Tensor, size: int) -> np.ndarray:
    """Compare with torch-cka."""
    from torch_cka import CKA

    named = [f"network.{name}" for name in model.layers]
    whole = Logits(model)
    found = CKA(whole, whole, "one", "other", named, named)
    found.compare(DataLoader(TensorDataset(images), batch_size=size))
    return found.export()["CKA"].double().numpy()


def pytorch_cka(model: nn.Module, images: torch.Tensor, size: int) -> np.ndarray:
    """Compare with pytorch-cka."""
    from cka import compute_cka

    whole, named = Logits(model), [f"network.{name}" for name in model.layers]
    (found,) = compute_cka(whole, whole, DataLoader(TensorDataset(images), batch_size=size), layers=named)
    return np.asarray(found, np.float64)


def ours(model: nn.Module, images: torch.Tensor, size: int) -> np.ndarray:
    """Compare as the engine and the metric do."""
    return minibatch_cka(gram(model, images, size))


def gram(model: nn.Module, images: torch.Tensor, size: int) -> np.ndarray:
    """Form the Gram matrices as the engine does."""
    return grams(model, images, model.layers, np.arange(len(images)).reshape(-1, size))


def reference(model: nn.Module, images: torch.Tensor, size: int) -> np.ndarray:
    """Return the matrix from float64 Gram matrices of float32 activations."""
    batches = []
    for some in torch.split(images, size):
        with torch.inference_mode(), captured(model, model.layers) as seen:
            model(some)
        values = (seen[name].double().flatten(1) for name in model.layers)
        batches.append(np.stack([((x - x.mean(0)) @ (x - x.mean(0)).T).numpy() for x in values]))
    return minibatch_cka(np.stack(batches, axis=1))


CONTENDERS: dict[str, Callable[[nn.Module, torch.Tensor, int], np.ndarray | None]] = {
    PEER: torch_cka,
    "pytorch-cka 1.1.3": pytorch_cka,
    "bare forward pass": bare,
    "ours": ours,
    "bare, as the engine": bare,
    "gram, as the engine": gram,
    "ours, as the engine": ours,
}
"""As the engine: channels-last memory and a heap that is kept, which speed up the bare pass as well."""


def turn(who: str, images: int, size: int, judge: bool) -> Turn:
    """Give one contender its turn. judge: compare what it finds with the reference, which takes longer than most."""
    warnings.simplefilter("ignore")
    limit_threads(1)
    model, shown = network(), sky(images)
    if who.endswith("engine"):
        steady(1)
        model = model.to(memory_format=torch.channels_last)
        shown = shown.contiguous(memory_format=torch.channels_last)
    _forget_peak()  # of making the images, under which much would hide
    bare(model, shown[: 2 * size], size)
    before, begun = _peak(), time.process_time()
    found = CONTENDERS[who](model, shown, size)
    seconds, peak = time.process_time() - begun, _peak()
    judged = judge and found is not None and found.ndim == 2
    error = float(np.abs(found - reference(model, shown, size)).max()) if judged else 0.0
    return Turn(seconds, (peak - before) / MEGABYTE, error)


def _forget_peak() -> None:
    """Let the most that this process has held at once begin anew with what it holds now (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> float:
    """Return the most bytes that this process has held at once, since it was told to forget."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return 1024 * float(status["VmHWM"].split()[0])


def race(rounds: int, images: int = 512, size: int = 64) -> dict[str, list[Turn]]:
    """Let the contenders take turns, each in a process of its own."""
    turns: dict[str, list[Turn]] = {who: [] for who in CONTENDERS}
    for number, who in itertools.product(range(rounds), turns):
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            turns[who].append(pool.submit(turn, who, images, size, number == 0).result())
    return turns


def rows(rounds: int = 5) -> list[table.Row]:
    """Return the rows of the race."""
    return told(race(rounds))


def told(turns: dict[str, list[Turn]]) -> list[table.Row]:
    """Return the rows of turns that were taken: time beside the peers and the bare pass, memory, error."""
    mine, seconds = turns[OURS], {who: [one.seconds for one in found] for who, found in turns.items()}
    found = []
    for peer, goal in PEERS.items():
        megabytes, error = median(one.megabytes for one in turns[peer]), max(one.error for one in turns[peer])
        note = f"the peer: {megabytes:.0f} MB above a bare pass, error {error:.0e}"
        found.append(table.by_cost(RACE, OURS, peer, seconds[OURS], seconds[peer], unit="s", goal=goal, note=note))
    for who, floor, goal, note in FLOORS:
        words = {"unit": "s", "goal": goal, "limit": "the forward pass alone", "note": note}
        found.append(table.by_cost(RACE, who, floor, seconds[who], seconds[floor], **words))
    megabytes, errors = [one.megabytes for one in mine], [one.error for one in mine]
    found.append(table.alone(RACE, OURS, megabytes, unit="MB", goal="≤ 50 MB", note="peak above a bare pass"))
    words = {"unit": "", "goal": "≤ 1e-6", "note": "largest error of any entry, against float64"}
    return [*found, table.alone(RACE, OURS, [max(errors)], **words)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--batch", type=int, default=64)
    asked = parser.parse_args()
    for row in told(race(asked.rounds, asked.images, asked.batch)):
        print(*table.cells(row), sep=" | ")


if __name__ == "__main__":
    main()
