"""Bands that do not lie on one another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import numpy as np
from astrobench import Perturbed, SuiteError, needs, severity

from astrobench_perturbations.fourier import filtered, frequencies
from astrobench_perturbations.observing import reobserved

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn


@severity("pixels", "pixel", harmless=0.0)
@needs(pixels="[0, side)")
def registration(batch: Batch, model: nn.Module, rng: Streams, *, pixels: Annotated[float, "[0, 100]"]) -> Perturbed:
    """Shift every band but the first by so many pixels, each in a direction of its own.

    Shifts are exact for band-limited images (a phase in Fourier space), fractions of a pixel too. Directions are
    uniform, and drawn for each image and band. A known scene is shifted and caught afresh; without one the image itself
    is shifted, whose noise stays as white as it was. The edge that a shift uncovers is empty.

    Facts: rows, cols: float32 (N, C), the shifts in pixels.

    Raises SuiteError for a shift beyond the image.
    """
    height, width = batch.flux.shape[2:]
    if pixels >= min(height, width):
        raise SuiteError(f"registration: pixels = {pixels:g} is beyond the image of {height} by {width} pixels")
    shifts = pixels * _directions(batch, rng)
    grid = frequencies(height, width, math.ceil(pixels) + 1)

    def shifted(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
        down, right = (shifts[rows, :, axis, None, None] for axis in (0, 1))
        return filtered(images, np.exp(-2j * math.pi * (down * grid.rows + right * grid.columns)), grid)

    facts = {"rows": shifts[..., 0].astype(np.float32), "cols": shifts[..., 1].astype(np.float32)}
    return Perturbed(flux=reobserved(batch, shifted, rng), facts=facts)


def _directions(batch: Batch, rng: Streams) -> np.ndarray:
    """Return unit vectors (down, right) of every image and band, zero for the first band, float64 (N, C, 2)."""
    images, bands = batch.flux.shape[:2]
    turns = np.array([rng.of(f"{image_id} direction").random(bands) for image_id in batch.ids]).reshape(images, bands)
    found = np.stack([np.sin(2 * math.pi * turns), np.cos(2 * math.pi * turns)], axis=-1)
    found[:, 0] = 0.0
    return found
