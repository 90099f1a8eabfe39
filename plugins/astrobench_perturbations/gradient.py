"""Attacks that follow the gradient of the loss, on the stretched network input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import torch
from astrobench import Perturbed, SuiteError, report
from torch.nn import functional

from astrobench_perturbations.attacked import MICRO, attacked, predicted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from astrobench import Batch, Streams
    from torch import nn

    Ascent = Callable[["Ball", nn.Module, torch.Tensor, Sequence[np.random.Generator]], torch.Tensor]

Norm = Literal["Linf", "L2"]
Bounds = Literal["unit", "data"]


class Ball(NamedTuple):
    """What an attack may reach from clean images float32 (B, C, H, W): a radius in a norm, within low and high.

    Bounds never push: a clean pixel that lies outside them may stay where it is.
    """

    clean: torch.Tensor
    radius: float
    norm: Norm
    low: torch.Tensor
    high: torch.Tensor

    @classmethod
    def around(cls, clean: torch.Tensor, radius: float, norm: Norm, bounds: tuple[float, float]) -> Ball:
        """Return the ball around clean images."""
        return cls(clean, radius, norm, clean.clamp(max=bounds[0]), clean.clamp(min=bounds[1]))

    def nearest(self, images: torch.Tensor) -> torch.Tensor:
        """Return images moved into the ball: onto its surface where they left it, then between the bounds."""
        change = images - self.clean
        if self.norm == "Linf":
            change = change.clamp(-self.radius, self.radius)
        else:
            length = change.flatten(1).norm(dim=1)[:, None, None, None]
            change = change * (self.radius / length.clamp(min=1e-12)).clamp(max=1)
        return torch.minimum(torch.maximum(self.clean + change, self.low), self.high)

    def steepest(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return the direction of length 1 in the norm that climbs fastest."""
        if self.norm == "Linf":
            return gradient.sign()
        unit: torch.Tensor = gradient / gradient.flatten(1).norm(dim=1)[:, None, None, None].clamp(min=1e-30)
        return unit


class Reach(NamedTuple):
    """How far and between which values. images: at most so many are attacked, None for all of them."""

    epsilon: float
    norm: Norm
    bounds: Bounds
    images: int | None
    only_correct: bool


def climbed(batch: Batch, model: nn.Module, rng: Streams, reach: Reach, ascent: Ascent) -> Perturbed:
    """Return the images after an attack that may climb anywhere in the ball of its reach.

    Raises SuiteError for images below 1, DataError for a regression, which has no class to change.
    """
    if reach.images is not None and reach.images < 1:
        raise SuiteError(f"images = {reach.images}, want 1 or more")
    every = len(batch.ids)
    chosen = attacked(batch, model, every if reach.images is None else reach.images, only_correct=reach.only_correct)
    limits = batch.limits if reach.bounds == "data" else (0.0, 1.0)
    clean = batch.inputs[torch.from_numpy(chosen.rows).to(batch.inputs.device)]
    found = clean.clone()
    for at in range(0, len(clean), MICRO):
        part = slice(at, at + MICRO)
        ball = Ball.around(clean[part], reach.epsilon, reach.norm, limits)
        starts = torch.from_numpy(chosen.starts[part]).to(clean.device)
        streams = [rng.of(batch.ids[row]) for row in chosen.rows[part]]
        found[part] = ascent(ball, model, starts, streams)
        report("attacking", min(at + MICRO, len(clean)), len(clean))
    change = (found - clean).flatten(1)
    length = change.abs().amax(1) if reach.norm == "Linf" else change.norm(dim=1)
    facts = {
        "success": predicted(model, found) != chosen.starts,
        "start": chosen.starts,
        "length": length.cpu().numpy().astype(np.float32),
    }
    return Perturbed(inputs=found, rows=None if len(chosen.rows) == every else chosen.rows, facts=facts)


def slope(model: nn.Module, images: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
    """Return the gradient of the cross-entropy of the start classes, int64 (B,), with respect to images."""
    with torch.enable_grad():
        moved = images.detach().clone().requires_grad_()
        loss = functional.cross_entropy(model(moved).logits, starts, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, moved)
    return gradient.detach()
