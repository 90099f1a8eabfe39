"""Pixels that catch nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from astrobench import Perturbed, needs, severity

from astrobench_perturbations.detector import blinded, drawn

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn


@severity("fraction", "of pixels", harmless=0.0)
@needs("observation")
def dead_pixels(batch: Batch, model: nn.Module, rng: Streams, *, fraction: Annotated[float, "[0, 1]"]) -> Perturbed:
    """Let each pixel be dead with a chance of `fraction`, in every band at once: it counts 0 e⁻.

    Sky is subtracted as elsewhere, so a dead pixel is a hole of minus the mean sky. Nothing masks or mends it.

    Facts: pixels: int64 (N,), how many are dead.

    Raises DataError for a dataset that does not say how it was observed.
    """
    dead = drawn(batch, rng, batch.flux.shape[2:], fraction)
    return Perturbed(flux=blinded(batch, dead, "dead_pixels"), facts={"pixels": dead.sum((1, 2)).astype(np.int64)})
