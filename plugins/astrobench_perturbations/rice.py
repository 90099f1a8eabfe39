"""Lossy compression of FITS images: numbers rounded to a step of the noise, which Rice coding then keeps to the bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from astrobench import Perturbed, severity

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn

DIFFERENCES = (
    (1.0483579, (1.0, -1.0)),
    (0.6052697, (-1.0, 2.0, -1.0)),
    (0.1772048, (1.0, -4.0, 6.0, -4.0, 1.0)),
)
"""Noise from differences of every second pixel of a line: for Gaussian noise of standard deviation 1, the median of
|Σ weights · pixels| times the factor is 1. Source: Stoehr et al. 2007 (DER_SNR), as CFITSIO takes it."""

FEWEST = 9
"""Pixels that the longest difference spans."""


@severity("step", "noise sigma", harmless=0.0)
def rice(batch: Batch, model: nn.Module, rng: Streams, *, step: Annotated[float, "(0, 100]"]) -> Perturbed:
    """Compress the flux as fpack does, in steps of so many standard deviations of the noise, and read it back.

    fpack's default, q = 4, is a step of 0.25. Each band of an image is one tile, read as one line of pixels; its noise
    is the least that differences of second, third and fifth order find, as in CFITSIO, and rounding is dithered
    subtractively. Rice coding itself loses nothing and is left out; the tests hold this against files that astropy
    compresses. Images of fewer than nine pixels, and bands without any noise, are kept as they are.

    Source: Pence, Seaman & White 2009, PASP 121, 414 (arXiv:0903.2140).
    """
    flux = np.array(batch.flux, np.float32)
    if flux.shape[2] * flux.shape[3] >= FEWEST:
        for row, image_id in enumerate(batch.ids):
            flux[row] = _rounded(flux[row], step, rng.of(image_id))
    return Perturbed(flux=flux)


def _rounded(image: np.ndarray, step: float, stream: np.random.Generator) -> np.ndarray:
    """Return an image float32 (C, H, W) rounded to multiples of its steps, each pixel's grid shifted at random."""
    size = step * noise_of(image)[:, None, None]
    low = image.min(axis=(1, 2), keepdims=True).astype(np.float64)
    shift = stream.random(image.shape) - 0.5
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = (np.rint((image - low) / size + shift) - shift) * size + low
    rounded: np.ndarray = np.where(size > 0, whole, image).astype(np.float32)
    return rounded


def noise_of(image: np.ndarray) -> np.ndarray:
    """Return the noise of each band of an image (C, H, W), float64 (C,): the least above 0 of three, or 0."""
    line = image.reshape(len(image), -1).astype(np.float64)
    found = np.stack([factor * _spread(line, weights) for factor, weights in DIFFERENCES])
    least: np.ndarray = np.where(found > 0, found, np.inf).min(axis=0)
    return np.where(np.isfinite(least), least, 0.0)


def _spread(line: np.ndarray, weights: tuple[float, ...]) -> np.ndarray:
    """Return the lower median of |differences| of pixels two apart, (C,), of lines (C, n)."""
    count, first = line.shape[1] - 8, 4 - 2 * ((len(weights) - 1) // 2)  # of nine pixels in a row, as CFITSIO goes
    terms = [weight * line[:, first + 2 * k : first + 2 * k + count] for k, weight in enumerate(weights)]
    middle = (count - 1) // 2
    spread: np.ndarray = np.partition(np.abs(np.sum(terms, axis=0)), middle, axis=1)[:, middle]
    return spread
