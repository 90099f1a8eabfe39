"""Pixels whose dark current fills them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from astrobench import Perturbed, needs, severity

from astrobench_perturbations.detector import drawn
from astrobench_perturbations.observing import observation_of

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn


@severity("fraction", "of pixels", harmless=0.0)
@needs("observation")
def hot_pixels(
    batch: Batch,
    model: nn.Module,
    rng: Streams,
    *,
    fraction: Annotated[float, "[0, 1]"],
    electrons: Annotated[float, "(0, 1e9]"] = 100000.0,
) -> Perturbed:
    """Let each pixel be hot with a chance of `fraction`, in every band at once: it counts `electrons` too many.

    The default is about the full well of one LSST exposure (1e5 e⁻). Nothing masks or mends it.

    Facts: pixels: int64 (N,), how many are hot.

    Raises DataError for a dataset that does not say how it was observed.
    """
    hot = drawn(batch, rng, batch.flux.shape[2:], fraction)
    added = np.float32(electrons / observation_of(batch, "hot_pixels").gain)
    flux = batch.flux + added * hot[:, None].astype(np.float32)
    return Perturbed(flux=flux, facts={"pixels": hot.sum((1, 2)).astype(np.int64)})
