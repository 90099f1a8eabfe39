"""Shifts that adaptation can mend, and networks small enough to train every method on them with the engine's loop.

Each shift is one that some paper's claim is about; a method is tried on the one of its own paper.
"""

from __future__ import annotations

import importlib
import math
from typing import TYPE_CHECKING, NamedTuple

import astrobench_alignment
import torch
from astrobench import Output
from astrobench.suite import Training
from astrobench.training import Checkpoint, Material, train
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable

    from astrobench import Method
    from astrobench.training import Run

LATENT, CLASSES, BATCH = 8, 3, 48
CENTRES = torch.tensor([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]])
SMALL = {"hidden": 32, "dropout": 0.0}
QUICK = {"scaling": 0.5}
OPTIONS = {"dann": SMALL, "cdan": SMALL, "dann+fisher+entropy": SMALL, "sinkhorn": QUICK, "sidda": QUICK}
RULES = Training(
    epochs=6, batch_size=BATCH, learning_rate=0.02, schedule="constant", selection="last", class_weights=False
)


class Objects(NamedTuple):
    """seen: float32 (n, C, H, W). labels: int64 (n,); UNKNOWN marks a class that the source does not have."""

    seen: torch.Tensor
    labels: torch.Tensor


UNKNOWN = -1


def shortcut(n: int, stream: torch.Generator, *, target: bool) -> Objects:
    """Two numbers tell the class in both domains; two tell it better in the source, faint and biased in the target."""
    labels = torch.randint(CLASSES, (n,), generator=stream)
    shared = CENTRES[labels] + 0.7 * torch.randn(n, 2, generator=stream)
    leak = (0.2 if target else 1.0) * CENTRES[labels] + 0.5 * torch.randn(n, 2, generator=stream)
    if target:
        leak = leak + torch.tensor([1.5, 1.0])
    return _objects(torch.cat([shared, leak], dim=1), labels)


def units(n: int, stream: torch.Generator, *, target: bool) -> Objects:
    """Every number has another zero point and another scale in the target, as of another instrument."""
    labels = torch.randint(CLASSES, (n,), generator=stream)
    seen = CENTRES[labels] + 0.7 * torch.randn(n, 2, generator=stream)
    return _objects(3 * seen + torch.tensor([4.0, -4.0]) if target else seen, labels)


def clusters(n: int, stream: torch.Generator, *, target: bool) -> Objects:
    """Compact classes that lie elsewhere in the target: turned by 40°, so that a boundary cuts through them."""
    labels = torch.randint(CLASSES, (n,), generator=stream)
    seen = CENTRES[labels] + 0.4 * torch.randn(n, 2, generator=stream)
    turn = math.radians(40) * target
    matrix = torch.tensor([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    return _objects(seen @ matrix, labels)


def orientation(n: int, stream: torch.Generator, *, target: bool) -> Objects:
    """Images 6 × 6 of three shapes, upright in the source; in the target they lie as they like and are noisier."""
    labels = torch.randint(CLASSES, (n,), generator=stream)
    shapes = torch.zeros(CLASSES, 6, 6)
    shapes[0, 1:5, 1], shapes[1, 1:5, 1], shapes[2, 1:5, 1] = 1, 1, 1
    shapes[1, 4, 1:5], shapes[2, 1, 1:5], shapes[2, 4, 1:5] = 1, 1, 1
    seen = shapes[labels]
    if target:
        turns = torch.randint(4, (n,), generator=stream).tolist()
        seen = torch.stack([image.rot90(turn) for image, turn in zip(seen, turns, strict=True)])
    noise = (0.5 if target else 0.2) * torch.randn(n, 6, 6, generator=stream)
    return Objects((seen + noise)[:, None], labels)


def brittle(n: int, stream: torch.Generator, *, target: bool) -> Objects:
    """One number is large and mostly right; forty are faint, right together, and turn against their class by 2·0.3.

    The target is the source under the worst change of 0.6 a number (Tsipras et al. 2019, arXiv 1805.12152, Eq. 3).
    """
    labels = torch.randint(2, (n,), generator=stream)
    sign = (2.0 * labels - 1)[:, None]
    strong = torch.where(torch.rand(n, 1, generator=stream) < 0.9, sign, -sign)
    faint = (-0.3 if target else 0.3) * sign + torch.randn(n, 40, generator=stream)
    return _objects(torch.cat([(2.0 if target else 2.6) * strong, faint], dim=1), labels)


def open_set(n: int, stream: torch.Generator, *, target: bool) -> Objects:
    """The shortcut again, but a quarter of the target's objects are of a class that the source does not have."""
    known = shortcut(n, stream, target=target)
    if not target:
        return known
    unknown = torch.rand(n, generator=stream) < 0.25
    between = torch.tensor([0.0, 0.0, 1.5, 1.0]) + 0.4 * torch.randn(n, 4, generator=stream)
    seen = torch.where(unknown[:, None], between, known.seen.flatten(1))
    return _objects(seen, torch.where(unknown, UNKNOWN, known.labels))


class Network(nn.Module):
    """Two layers to an 8-d latent, and a linear head; batch norm in front of the latent where asked for."""

    def __init__(self, inputs: int, *, batchnorm: bool = False) -> None:
        super().__init__()
        norm: list[nn.Module] = [nn.BatchNorm1d(32)] if batchnorm else []
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(inputs, 32), *norm, nn.ReLU(), nn.Linear(32, LATENT))
        self.head = nn.Linear(LATENT, CLASSES)

    def forward(self, seen: torch.Tensor) -> Output:
        latent = self.encoder(seen)
        return Output(latent, self.head(latent))


def method(name: str) -> Callable[..., Method]:
    """Return the function behind a method's name."""
    module, function = astrobench_alignment.astrobench_methods()[name].split(":")
    found: Callable[..., Method] = getattr(importlib.import_module(module), function)
    return found


def trained(
    name: str, seed: int, *, draw: Callable[..., Objects] = shortcut, rules: Training = RULES, steps: int = 10,
    batchnorm: bool = False, **options: object,
) -> tuple[Network, Run]:  # fmt: skip
    """Train by the engine's loop, `steps` steps an epoch, no object twice in one; return the network and its run."""
    stream = torch.Generator().manual_seed(seed)
    n = steps * BATCH
    source, target = draw(n, stream, target=False), draw(n, stream, target=True)
    material = Material(source.seen, source.labels, source.seen[:BATCH], source.labels[:BATCH], target.seen, CLASSES)
    torch.manual_seed(seed)
    network = Network(source.seen[0].numel(), batchnorm=batchnorm)
    adaptation = method(name)(LATENT, CLASSES, **{**OPTIONS.get(name, {}), **options})
    run = train(network, adaptation, material, rules, f"toy/{seed}", Checkpoint())
    network.load_state_dict(run.best)
    return network.eval(), run


@torch.no_grad()
def accuracy(network: Network, draw: Callable[..., Objects], *, target: bool) -> float:
    """Return the fraction of 2000 new objects of one domain that are classified right."""
    seen, labels = draw(2000, torch.Generator().manual_seed(99), target=target)
    return float((network(seen).logits.argmax(dim=1) == labels).float().mean())


@torch.no_grad()
def open_set_score(network: Network, draw: Callable[..., Objects], *, target: bool) -> float:
    """Return the harmonic mean of the fractions of known objects that are classified and of unknown ones refused.

    An object is refused where the entropy of its prediction exceeds ln(K)/2, as in DANCE.
    """
    seen, labels = draw(2000, torch.Generator().manual_seed(99), target=target)
    logits = network(seen).logits
    refused = torch.distributions.Categorical(logits=logits).entropy() > math.log(CLASSES) / 2
    known = labels != UNKNOWN
    right = ((logits.argmax(dim=1) == labels) & ~refused)[known].float().mean()
    found = refused[~known].float().mean()
    return float(2 * right * found / (right + found).clamp(min=1e-9))


def _objects(numbers: torch.Tensor, labels: torch.Tensor) -> Objects:
    return Objects(numbers[:, :, None, None], labels)
