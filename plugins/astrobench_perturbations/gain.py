"""An amplifier whose gain is off: one side of the detector counts too much, sky and all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from astrobench import Perturbed, needs, severity

from astrobench_perturbations.observing import observation_of, sky_of

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn


@severity("error", "", harmless=0.0)
@needs("observation")
def gain(batch: Batch, model: nn.Module, rng: Streams, *, error: Annotated[float, "[0, 1]"]) -> Perturbed:
    """Read part of the image through an amplifier whose gain is off by a fraction.

    The boundary between two amplifiers is a column drawn for each image, and the wrong one lies on either side of it.
    Its counts, galaxy and sky together, are (1 + error) times what they should be, and the sky that is then subtracted
    is that of the right one: a step of error · sky is left, which is what the eye sees first.

    Facts: column: int64 (N,), the first of the right-hand side. left: bool (N,), whether that on the left is wrong.

    Raises DataError for a dataset that does not say how it was observed.
    """
    seen = observation_of(batch, "gain")
    width = batch.flux.shape[3]
    column, left = _amplifiers(batch, rng)
    wrong = (np.arange(width) < column[:, None]) == left[:, None]  # (N, W)
    pedestal = (error * sky_of(seen) / seen.gain).astype(np.float32)
    excess = np.float32(error) * batch.flux + pedestal
    return Perturbed(flux=batch.flux + excess * wrong[:, None, None], facts={"column": column, "left": left})


def _amplifiers(batch: Batch, rng: Streams) -> tuple[np.ndarray, np.ndarray]:
    streams = [rng.of(image_id) for image_id in batch.ids]
    columns = np.array([stream.integers(1, max(batch.flux.shape[3], 2)) for stream in streams], np.int64)
    return columns, np.array([bool(stream.integers(2)) for stream in streams], bool)
