"""From the plane of frequencies that LSST's painters fill to a space telescope's cut-out.

The painters know a plane of 192 x 192 pixels of 0.2″. Here one of its pixels stands for 0.04″: an arcsecond is five of
the plane's, the box 7.7″ wide, and what its highest frequency cuts off F814W has already lost to optics and pixel.
The cut-out, 75 x 75 pixels of 0.06″, is the Fourier sum at its own pixels' centres, so nothing is interpolated.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from astrobench_galaxies.hst_survey import FILTERS, JITTER, PIXEL_SCALE, STAMP
from astrobench_galaxies.scenes.plane import BOX, HALF, PIXEL, phases

FINE = 0.04  # arcsec that a pixel of the plane stands for
PER_ARCSEC = PIXEL / FINE  # units of the plane in an arcsec
_NEGLIGIBLE = 1e-7


def cutout(spectrum: np.ndarray) -> np.ndarray:
    """Return the light of a spectrum, complex64 (..., BOX, HALF), as float32 (..., 75, 75) per 0.06″ pixel."""
    to_y, to_x = _sums()
    image: np.ndarray = np.matmul(np.matmul(to_y, spectrum), to_x).real
    return image.astype(np.float32, copy=False)


@cache
def transfer() -> np.ndarray:
    """Return what optics, jitter and pixels leave of each frequency: float32 (C, BOX, HALF), 1 at frequency 0.

    Obscured Airy pattern ⊗ pointing jitter ⊗ detector pixel ⊗ 0.06″ pixel, by GalSim.
    """
    return np.stack([_transfer_of(number) for number in range(len(FILTERS))])


def _transfer_of(number: int) -> np.ndarray:
    import galsim

    band = FILTERS[number]
    psf = galsim.Convolve(
        galsim.Airy(lam=band.wavelength, diam=band.mirror, obscuration=band.obscuration),
        galsim.Gaussian(sigma=JITTER),
        galsim.Pixel(band.detector),
        galsim.Pixel(PIXEL_SCALE),
    )
    plane = psf.drawKImage(nx=BOX + 1, ny=BOX + 1, scale=2 * np.pi / (BOX * FINE)).array.real
    half = np.fft.ifftshift(plane[:-1, BOX // 2 :], axes=0)  # GalSim puts frequency 0 at the centre
    return np.where(np.abs(half) > _NEGLIGIBLE, half, 0).astype(np.float32)


@cache
def _sums() -> tuple[np.ndarray, np.ndarray]:
    # The inverse Fourier sum as two small matrix products, (STAMP, BOX) and (HALF, STAMP). Only half of the
    # frequencies along x are kept, so all but the first and the last stand for two.
    centres = (np.arange(STAMP) - (STAMP - 1) / 2) * PIXEL_SCALE * PER_ARCSEC
    along_x, along_y = phases(centres, centres)
    twice = np.full(HALF, 2.0, np.float32)
    twice[[0, -1]] = 1
    area = np.float32((PIXEL_SCALE / FINE / BOX) ** 2)
    return np.conj(along_y.T) * area, np.conj(along_x).T * twice[:, None]
