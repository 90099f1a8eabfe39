"""Worse seeing: the scene through a wider point-spread function."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import numpy as np
from astrobench import Perturbed, SuiteError, needs, severity

from astrobench_perturbations.fourier import filtered, frequencies
from astrobench_perturbations.observing import pixel_scale_of, reobserved

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn

FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))
REACH = 5.0
"""Standard deviations of the kernel that padding leaves room for."""


@severity("fwhm", "arcsec", harmless=0.0)
@needs("pixel_scale", fwhm="[pixel_scale, inf)")
def psf(batch: Batch, model: nn.Module, rng: Streams, *, fwhm: Annotated[float, "(0, 30]"]) -> Perturbed:
    """Blur by a Gaussian whose FWHM in arcsec adds in quadrature to the observation's own.

    A known scene is convolved and caught afresh, so the sky's noise is as sharp as before. Without one the image itself
    is convolved, and its noise is smoothed too, which no seeing does. Light that leaves the image is lost, as from a
    cut-out. GalSim's convolution, which the tests compare with, is the same product in Fourier space.

    Raises:
        SuiteError: an FWHM below the pixel: its kernel is narrower than the grid can hold.
        DataError: a dataset whose pixel scale is unknown.
    """
    scale = pixel_scale_of(batch, "psf")
    if fwhm < scale:
        raise SuiteError(f"psf: fwhm = {fwhm:g} arcsec is below the pixel of {scale:g} arcsec")
    sigma = fwhm / FWHM_PER_SIGMA / scale
    height, width = batch.flux.shape[2:]
    grid = frequencies(height, width, math.ceil(REACH * sigma))
    transfer = np.exp(-2 * (math.pi * sigma) ** 2 * (grid.rows**2 + grid.columns**2))
    return Perturbed(flux=reobserved(batch, lambda images, _: filtered(images, transfer, grid), rng))
