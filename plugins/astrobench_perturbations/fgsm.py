"""The fast gradient sign method: one step up the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from astrobench import Perturbed, needs, severity

from astrobench_perturbations.gradient import Ball, Reach, climbed, slope

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import torch
    from astrobench import Batch, Streams
    from torch import nn


@severity("epsilon", "of input", harmless=0.0)
@needs("classes")
def fgsm(
    batch: Batch,
    model: nn.Module,
    rng: Streams,
    *,
    epsilon: Annotated[float, "[0, 1]"],
    images: Annotated[int, "[1, inf)"] | None = None,
    bounds: Literal["unit", "data"] = "unit",
    only_correct: bool = False,
) -> Perturbed:
    """Move every value of the network input by `epsilon` in the direction that raises the loss of the right class.

    x + epsilon · sign(∂ cross-entropy / ∂x), kept within [0, 1] or within the limits of the source training inputs
    ("data"). Without labels the loss is that of the predicted class. images: at most so many, chosen by their ids
    alone; all by default, those too that the network gets wrong anyway, so that accuracy compares with the unperturbed.

    Facts, each (M,): success: bool, whether the class is not that of the start. start: int64. length: float32, the
    largest change of a value.

    Raises DataError for a regression, which has no class to change.

    Source: Goodfellow et al. 2015 (arXiv:1412.6572).
    """
    return climbed(batch, model, rng, Reach(epsilon, "Linf", bounds, images, only_correct), _one_step)


def _one_step(
    ball: Ball, model: nn.Module, starts: torch.Tensor, streams: Sequence[np.random.Generator]
) -> torch.Tensor:
    return ball.nearest(ball.clean + ball.radius * ball.steepest(slope(model, ball.clean, starts)))
