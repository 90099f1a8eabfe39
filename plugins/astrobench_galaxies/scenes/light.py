"""What scenes are made of: Sérsic profiles, strings of round Gaussian blobs, and painted surfaces.

Each adds its light to the plane of frequencies and has a hue; fluxes are fractions of the galaxy's i-band light.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

import numpy as np

from astrobench_galaxies.scenes.hankel import radial
from astrobench_galaxies.scenes.plane import CANVAS, FINE, KX, KY, PIXEL, phases


class Hue(NamedTuple):
    """Colours in AB magnitudes."""

    g_r: float
    r_i: float

    def weights(self) -> tuple[float, float, float]:
        """Return magnitudes in g, r and i, relative to i."""
        return self.g_r + self.r_i, self.r_i, 0.0


@dataclass(frozen=True)
class Sersic:
    """A Sérsic profile. radius: half-light radius of the circle of equal area, arcsec.

    axis_ratio: short over long. angle: of the long axis, radians. x, y: arcsec from the middle.
    """

    flux: float
    hue: Hue
    index: float
    radius: float
    axis_ratio: float = 1.0
    angle: float = 0.0
    x: float = 0.0
    y: float = 0.0

    def brightened(self, factor: float) -> Sersic:
        """Return the same with `factor` times the flux."""
        return replace(self, flux=self.flux * factor)

    def spectrum(self) -> np.ndarray:
        """Return the light on the plane, complex64 (BOX, HALF)."""
        along_x, along_y = phases(self.x, self.y)
        amplitude = self.flux * radial(self.index, self._wavenumber())
        spectrum = np.empty(amplitude.shape, np.complex64)
        np.multiply(amplitude, along_x.real, out=spectrum.real)
        np.multiply(amplitude, along_x.imag, out=spectrum.imag)
        spectrum *= along_y
        return spectrum

    def _wavenumber(self) -> np.ndarray:
        # k as the circular profile sees it: stretched by the long axis along `angle`, by the short one across.
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        long, short = self.radius**2 / self.axis_ratio, self.radius**2 * self.axis_ratio
        xx = np.float32(long * cosine**2 + short * sine**2)
        yy = np.float32(long * sine**2 + short * cosine**2)
        xy = np.float32(2 * (long - short) * cosine * sine)
        square: np.ndarray = xx * KX**2 + yy * KY**2
        square += (xy * KX) * KY
        np.maximum(square, 0, out=square)
        np.sqrt(square, out=square)
        return square


@dataclass(frozen=True, eq=False)
class Blobs:
    """Round Gaussians: knots, clumps, or a tail as a string of beads. All arrays float (K,); sizes, x, y in arcsec."""

    fluxes: np.ndarray
    hue: Hue
    sizes: np.ndarray
    x: np.ndarray
    y: np.ndarray

    @property
    def flux(self) -> float:
        """Return the flux of all."""
        return float(self.fluxes.sum())

    def brightened(self, factor: float) -> Blobs:
        """Return the same with `factor` times the flux."""
        return replace(self, fluxes=self.fluxes * factor)

    def spectrum(self) -> np.ndarray:
        """Return the light on the plane, complex64 (BOX, HALF)."""
        along_x, along_y = phases(self.x, self.y)
        half_variance = (-0.5 * np.asarray(self.sizes, np.float32) ** 2)[:, None]
        along_x *= np.asarray(self.fluxes, np.float32)[:, None] * _gaussian(half_variance * KX**2)
        along_y *= _gaussian(half_variance.T * KY**2)
        return np.asarray(along_y @ along_x)


@dataclass(frozen=True, eq=False)
class Painting:
    """Smooth light painted on the canvas: float32 (CANVAS, CANVAS), scaled to `flux`."""

    flux: float
    hue: Hue
    canvas: np.ndarray

    def brightened(self, factor: float) -> Painting:
        """Return the same with `factor` times the flux."""
        return replace(self, flux=self.flux * factor)

    def spectrum(self) -> np.ndarray:
        """Return the light on the plane, complex64 (BOX, HALF)."""
        to_x, to_y = _canvas_phases()
        faint = np.float32(1e-9) * self.canvas.max()
        rows = (np.where(self.canvas > faint, self.canvas, 0) @ to_x).view(np.complex64)
        return np.asarray(to_y @ rows * np.float32(self.flux / self.canvas.sum(dtype=np.float64)))


Light = Sersic | Blobs | Painting


def canvas_axes() -> tuple[np.ndarray, np.ndarray]:
    """Return x (1, CANVAS) and y (CANVAS, 1) of the canvas, float32 arcsec from the middle."""
    axis = ((np.arange(CANVAS) - (CANVAS - 1) / 2) * PIXEL / FINE).astype(np.float32)
    return axis[None, :], axis[:, None]


def _gaussian(exponent: np.ndarray) -> np.ndarray:
    # Bounded, because products of values near float32's smallest make matrix products thirty times slower.
    return np.asarray(np.exp(np.maximum(exponent, np.float32(-35))))


@cache
def _canvas_phases() -> tuple[np.ndarray, np.ndarray]:
    # The Fourier sum as two matrix products: four times faster than a padded FFT of which most would be discarded.
    # The first matrix is viewed as float32, since the canvas is real.
    axis = canvas_axes()[0].ravel()
    along_x, along_y = phases(axis, axis)
    return along_x.view(np.float32), along_y
