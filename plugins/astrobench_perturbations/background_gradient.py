"""Sky that was not subtracted evenly: stray light, or a background fitted too stiffly."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import numpy as np
from astrobench import Perturbed, needs, severity

from astrobench_perturbations.observing import observation_of, sky_of

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn


@severity("amplitude", "of sky", harmless=0.0)
@needs("observation")
def background_gradient(
    batch: Batch, model: nn.Module, rng: Streams, *, amplitude: Annotated[float, "[0, 1]"]
) -> Perturbed:
    """Leave a plane of sky in every image that rises by `amplitude` times the mean sky over its width.

    The plane has mean zero and the same direction in all bands, drawn for each image; it spans the amplitude over a
    distance of max(H, W) pixels. The added light brings no noise of its own, which is small beside the sky's.

    Facts: angle: float32 (N,), where it rises to, in rad from the columns' axis.

    Raises DataError for a dataset that does not say how it was observed.
    """
    seen = observation_of(batch, "background_gradient")
    height, width = batch.flux.shape[2:]
    angle = np.array([2 * math.pi * rng.of(image_id).random() for image_id in batch.ids])[:, None, None]
    rows, cols = np.mgrid[:height, :width] - (np.array([height, width]) - 1)[:, None, None] / 2
    plane = (np.cos(angle) * cols + np.sin(angle) * rows) / max(height, width)
    step = (amplitude * sky_of(seen) / seen.gain).astype(np.float32)
    flux = batch.flux + step * plane[:, None].astype(np.float32)
    return Perturbed(flux=flux, facts={"angle": angle.ravel().astype(np.float32)})
