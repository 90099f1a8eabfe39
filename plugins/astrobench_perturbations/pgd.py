"""Projected gradient descent: many small steps up the loss, none of which leaves a ball around the image."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import torch
from astrobench import Perturbed, SuiteError, needs, severity

from astrobench_perturbations.gradient import Ball, Reach, climbed, slope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench import Batch, Streams
    from torch import nn

STRIDE = 2.5
"""Steps together reach this many radii, so that any point of the ball can be reached from any other (Madry et al.)."""


@severity("epsilon", "of input", harmless=0.0)
@needs("classes")
def pgd(
    batch: Batch,
    model: nn.Module,
    rng: Streams,
    *,
    epsilon: Annotated[float, "[0, 1000]"],
    norm: Literal["Linf", "L2"] = "Linf",
    steps: Annotated[int, "[1, 10000]"] = 10,
    random_start: bool = True,
    images: Annotated[int, "[1, inf)"] | None = None,
    bounds: Literal["unit", "data"] = "unit",
    only_correct: bool = False,
) -> Perturbed:
    """Climb the loss of the right class in steps, within `epsilon` of the image in the norm asked for.

    norm: "Linf", the largest change of one value, or "L2", the root of the sum of all squared changes. Each of the
    `steps` goes 2.5 · epsilon / steps in the steepest direction of the norm, and back into the ball where it left it.
    random_start: begin anywhere in the ball, drawn for each image, rather than at the image. The image of the highest
    loss on the way is returned. The rest is as in `fgsm`; length is measured in the norm.

    Raises:
        SuiteError: an epsilon above 1 in "Linf", more than any input can change.
        DataError: a regression, which has no class to change.

    Source: Madry et al. 2018 (arXiv:1706.06083).
    """
    if norm == "Linf" and epsilon > 1:
        raise SuiteError(f"pgd: epsilon = {epsilon:g} in the norm Linf, want at most 1")
    climb = partial(_climb, steps=steps, random_start=random_start)
    return climbed(batch, model, rng, Reach(epsilon, norm, bounds, images, only_correct), climb)


def _climb(
    ball: Ball,
    model: nn.Module,
    starts: torch.Tensor,
    streams: Sequence[np.random.Generator],
    *,
    steps: int,
    random_start: bool,
) -> torch.Tensor:
    images = ball.nearest(ball.clean + _somewhere(ball, streams)) if random_start else ball.clean
    best, highest = images, _losses(model, images, starts)
    for _ in range(steps):
        up = ball.steepest(slope(model, images, starts))
        images = ball.nearest(images + STRIDE * ball.radius / steps * up)
        losses = _losses(model, images, starts)
        best = torch.where((losses > highest)[:, None, None, None], images, best)
        highest = torch.maximum(losses, highest)
    return best


@torch.no_grad()
def _losses(model: nn.Module, images: torch.Tensor, starts: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(model(images).logits, starts, reduction="none")


def _somewhere(ball: Ball, streams: Sequence[np.random.Generator]) -> torch.Tensor:
    """Draw a change uniformly from the ball, float32 (B, C, H, W)."""
    shape = ball.clean.shape[1:]
    if ball.norm == "Linf":
        drawn = [stream.uniform(-ball.radius, ball.radius, shape) for stream in streams]
    else:
        drawn = [_in_l2(stream, shape, ball.radius) for stream in streams]
    return torch.from_numpy(np.stack(drawn).astype(np.float32)).to(ball.clean.device)


def _in_l2(stream: np.random.Generator, shape: tuple[int, ...], radius: float) -> np.ndarray:
    normal = stream.standard_normal(shape)
    inner: np.ndarray = normal / np.linalg.norm(normal) * radius * stream.random() ** (1 / normal.size)
    return inner
