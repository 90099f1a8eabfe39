"""A shift that adaptation can mend, and a loop small enough to train every method on it.

Four numbers an object: two tell its class in both domains, through noise; two tell it better in the source, and
are faint and biased in the target (a shortcut, as deep exposures offer). A network that learns source alone leans on
the shortcut; one that keeps what both domains share does not.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import astrobench_alignment
import torch
from astrobench import Moment, Step
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable

    from astrobench import Method

LATENT, CLASSES, BATCH, RATE = 8, 3, 48, 0.02
CENTRES = torch.tensor([[2.0, 0.0], [-1.0, 1.7], [-1.0, -1.7]])
SMALL = {"hidden": 32, "dropout": 0.0}
QUICK = {"scaling": 0.5}
OPTIONS = {"dann": SMALL, "cdan": SMALL, "dann+fisher+entropy": SMALL, "sinkhorn": QUICK, "sidda": QUICK}


def method(name: str) -> Callable[..., Method]:
    """Return the function behind a method's name."""
    module, function = astrobench_alignment.astrobench_methods()[name].split(":")
    found: Callable[..., Method] = getattr(importlib.import_module(module), function)
    return found


def objects(n: int, stream: torch.Generator, *, target: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Return n objects float32 (n, 4) of one domain and their classes int64 (n,)."""
    classes = torch.randint(CLASSES, (n,), generator=stream)
    shared = CENTRES[classes] + 0.7 * torch.randn(n, 2, generator=stream)
    shortcut = (0.2 if target else 1.0) * CENTRES[classes] + 0.5 * torch.randn(n, 2, generator=stream)
    if target:
        shortcut = shortcut + torch.tensor([1.5, 1.0])
    return torch.cat([shared, shortcut], dim=1), classes


class Network(nn.Module):
    """Two layers to an 8-d latent, and a linear head."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, LATENT))
        self.head = nn.Linear(LATENT, CLASSES)

    def forward(self, seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        latent = self.encoder(seen)
        return latent, self.head(latent)


def trained(name: str, seed: int, steps: int, **options: object) -> tuple[Network, list[dict[str, float]]]:
    """Train as the engine does: one pass over both domains, the task loss and the method's terms."""
    torch.manual_seed(seed)
    network = Network()
    adaptation = method(name)(LATENT, CLASSES, **OPTIONS.get(name, {}), **options)
    groups = [{"params": list(part.parameters()), "lr": rate} for part, rate in _rates(network, adaptation)]
    optimiser = torch.optim.Adam([group for group in groups if group["params"]], fused=True)
    stream, history = torch.Generator().manual_seed(seed), []
    for step in range(steps):
        moment = Moment(epoch=step // 10, progress=step / steps)
        terms = _terms(network, adaptation, stream, moment)
        optimiser.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        optimiser.step()
        history.append({term: float(value.detach()) for term, value in terms.items()})
    return network, history


def _rates(network: nn.Module, adaptation: Method) -> list[tuple[nn.Module, float]]:
    return [(network, RATE), (adaptation, RATE * adaptation.rate)]


def _terms(network: Network, adaptation: Method, stream: torch.Generator, moment: Moment) -> dict[str, torch.Tensor]:
    seen, labels = objects(BATCH, stream, target=False)
    others, _ = objects(BATCH, stream, target=True)
    latent, logits = network(torch.cat([seen, others]) if adaptation.uses_target else seen)
    source = Step(latent[:BATCH], logits[:BATCH], labels)
    target = Step(latent[BATCH:], logits[BATCH:]) if adaptation.uses_target else None
    task = nn.functional.cross_entropy(source.logits, labels)
    return {"task": task, **adaptation.terms(source, target, moment)}


@torch.no_grad()
def accuracy(network: Network, *, target: bool) -> float:
    """Return the fraction of 2000 new objects of one domain that are classified right."""
    seen, labels = objects(2000, torch.Generator().manual_seed(99), target=target)
    return float((network(seen)[1].argmax(dim=1) == labels).float().mean())
