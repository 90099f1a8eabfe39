"""The plane of spatial frequencies on which scenes are added up, and the way from there to a cut-out.

The plane belongs to a box of 192 x 192 pixels of 0.2″, wider than the cut-out so that wings do not wrap into it.
The seeing cuts everything near the box's highest frequency (transfer ≈ 1e-5), so nothing is lost by stopping there.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft

if TYPE_CHECKING:
    from astrobench_galaxies.survey import Survey

PIXEL = 0.2  # arcsec
STAMP = 100  # pixels a side of a cut-out
BOX = 192  # pixels a side of the box
HALF = BOX // 2 + 1
FINE = 2  # canvas pixels per pixel, each way
_NEGLIGIBLE = 1e-7
CANVAS = 240  # canvas pixels a side: 24 arcsec

KX = (2 * np.pi / (BOX * PIXEL) * np.arange(HALF)).astype(np.float32)[None, :]
KY = (2 * np.pi * np.fft.fftfreq(BOX, PIXEL)).astype(np.float32)[:, None]
_MARGIN = (BOX - STAMP) // 2

# Positions count from the middle of the box, which lies between pixels; index 0 of an array is half a box away.
_ORIGIN = np.float32(-(BOX - 1) / 2 * PIXEL)


def phases(x: np.ndarray | float, y: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Return what moves light to (x, y) arcsec from the middle: complex64 (K, HALF) along x, (BOX, K) along y.

    x and y: one position, or K of them.
    """
    along_x = _turn(KX * (np.atleast_1d(np.asarray(x, np.float32))[:, None] - _ORIGIN))
    along_y = _turn(KY * (np.atleast_1d(np.asarray(y, np.float32))[None, :] - _ORIGIN))
    return along_x, along_y


def shift(x: float, y: float) -> np.ndarray:
    """Return what moves all light by (x, y) arcsec: complex64 (BOX, HALF)."""
    return np.asarray(_turn(KX * np.float32(x)) * _turn(KY * np.float32(y)))


def _turn(angle: np.ndarray) -> np.ndarray:
    # exp(-i angle); NumPy's complex exponential is ten times slower.
    turn = np.empty(angle.shape, np.complex64)
    np.cos(angle, out=turn.real)
    np.sin(-angle, out=turn.imag)
    return turn


def cutout(spectrum: np.ndarray) -> np.ndarray:
    """Return the light of a spectrum, complex64 (..., BOX, HALF), as float32 (..., STAMP, STAMP) per pixel.

    What the spectrum held is lost: the transform works in its place.
    """
    middle = slice(_MARGIN, _MARGIN + STAMP)
    columns = scipy.fft.ifft(spectrum, axis=-2, norm="forward", overwrite_x=True)
    rows = columns[..., middle, :]  # the others would be thrown away
    stamp: np.ndarray = scipy.fft.irfft(rows, BOX, norm="forward")[..., middle] * np.float32(1 / BOX**2)
    return stamp


@cache
def transfer(survey: Survey) -> np.ndarray:
    """Return what atmosphere, optics and pixel leave of each frequency: float32 (C, BOX, HALF), 1 at frequency 0.

    Kolmogorov seeing ⊗ obscured Airy pattern ⊗ square pixel, by GalSim.
    """
    return np.stack([_transfer_of(survey, number) for number in range(len(survey.bands))])


def _transfer_of(survey: Survey, number: int) -> np.ndarray:
    import galsim

    band = survey.bands[number]
    psf = galsim.Convolve(
        galsim.Kolmogorov(fwhm=band.seeing),
        galsim.Airy(lam=band.wavelength, diam=survey.mirror, obscuration=survey.obscuration),
        galsim.Pixel(PIXEL),
    )
    # GalSim puts frequency 0 at the centre of the array; the pixel count BOX + 1 holds both Nyquist frequencies.
    step = 2 * np.pi / (BOX * PIXEL)
    plane = psf.drawKImage(nx=BOX + 1, ny=BOX + 1, scale=step).array.real
    half = np.fft.ifftshift(plane[:-1, BOX // 2 :], axes=0)
    return np.where(half > _NEGLIGIBLE, half, 0).astype(np.float32)  # tiny products would slow the inverse transform
