"""The telescopes of DeepMerge: three space filters, their optics, and the sky noise of the published noisy set."""

from __future__ import annotations

from dataclasses import dataclass

PIXEL_SCALE = 0.06  # arcsec/pixel
STAMP = 75  # pixels a side of a cut-out
ZERO_POINT = 31.4  # AB magnitude of 1 nJy
JITTER = 0.02  # arcsec, Gaussian sigma of the pointing


@dataclass(frozen=True)
class Filter:
    """One filter. wavelength: nm. mirror: m. obscuration: fraction of the diameter. detector: pixel in arcsec.

    noise: sigma of the noisy set's sky, nJy a pixel of 0.06″.
    """

    name: str
    wavelength: float
    mirror: float
    obscuration: float
    detector: float
    noise: float


# Noise is derived: √(variance of the published noisy set - variance of the pristine set), per channel index. The order
# is DeepMerge II's. Its second channel behaves unlike F356W in the genuine files, so think of channels by index.
FILTERS = (
    Filter("F814W", 807.0, 2.4, 0.33, 0.05, 0.42),
    Filter("F356W", 3560.0, 6.5, 0.0, 0.063, 0.54),
    Filter("F160W", 1537.0, 2.4, 0.33, 0.13, 0.42),
)
BANDS = tuple(band.name for band in FILTERS)


def nanojansky(magnitude: float) -> float:
    """Return the flux density of an AB magnitude, nJy."""
    flux: float = 10 ** (-0.4 * (magnitude - ZERO_POINT))
    return flux
