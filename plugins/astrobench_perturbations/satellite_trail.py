"""A satellite that crosses one exposure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import numpy as np
from astrobench import Perturbed, SuiteError, needs, severity

from astrobench_perturbations.observing import observation_of, pixel_scale_of
from astrobench_perturbations.tracks import band_profile

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn

FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))


@severity("electrons", "e⁻/pixel", harmless=0.0)
@needs("observation", "pixel_scale", fwhm="[pixel_scale, inf)")
def satellite_trail(
    batch: Batch,
    model: nn.Module,
    rng: Streams,
    *,
    electrons: Annotated[float, "[0, 1e9]"],
    fwhm: Annotated[float, "(0, 60]"] = 2.0,
) -> Perturbed:
    """Let a satellite leave a straight trail of so many e⁻ for each pixel of its length, in one band.

    The band, the direction and the distance from the centre (up to half the shorter side, so that the trail crosses)
    are drawn for each image. The trail is Gaussian across, `fwhm` arcsec wide: seeing and a satellite out of focus. Its
    photon noise is drawn with it.

    Facts: band: int64 (N,). angle, offset: float32 (N,), of the trail's normal in rad, and along it in pixels.

    Raises:
        SuiteError: a trail narrower than a pixel.
        DataError: a dataset whose pixel scale is unknown, or that does not say how it was observed.
    """
    scale = pixel_scale_of(batch, "satellite_trail")
    if fwhm < scale:
        raise SuiteError(f"satellite_trail: fwhm = {fwhm:g} arcsec is below the pixel of {scale:g} arcsec")
    seen = observation_of(batch, "satellite_trail")
    sigma, shape = fwhm / FWHM_PER_SIGMA / scale, batch.flux.shape[2:]
    flux, ways = np.array(batch.flux, np.float32), []
    for row, image_id in enumerate(batch.ids):
        stream = rng.of(image_id)
        band, angle = int(stream.integers(len(batch.bands))), 2 * math.pi * stream.random()
        offset = stream.uniform(0, min(shape) / 2)
        flux[row, band] += stream.poisson(electrons * band_profile(shape, angle, offset, sigma)) / seen.gain
        ways.append((band, angle, offset))
    told = np.array(ways, np.float64).reshape(-1, 3)
    facts = {"band": told[:, 0].astype(np.int64)}
    facts |= {"angle": told[:, 1].astype(np.float32), "offset": told[:, 2].astype(np.float32)}
    return Perturbed(flux=flux, facts=facts)
