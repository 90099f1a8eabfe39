"""A lognormal box of matter, and what a recipe's feedback takes from its small scales."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

from astrobench_cosmology.mock.power import linear_power

if TYPE_CHECKING:
    from collections.abc import Mapping

BOX = 25.0
"""Side of the box in Mpc/h."""
SHARPEST = 0.73  # of Repp & Szapudi 2017 (MNRAS 464, L21): the variance of ln(1 + δ) saturates


def matter(recipe: str, theta: Mapping[str, float], noise: np.ndarray) -> np.ndarray:
    """Return the density in units of its mean, float32 (n, n, n). noise: white, float32 (n, n, n), unit variance.

    The linear spectrum, smoothed by half a cell, is rescaled to the variance of the log-density and its small scales
    are suppressed; ρ ∝ exp(G) is positive whatever the suppression.
    """
    cells = len(noise)
    k = wavenumbers(cells)
    power = np.zeros_like(k)
    power[k > 0] = linear_power(k[k > 0], theta["Omega_m"], theta["sigma_8"])
    power *= np.exp(-((k * 0.5 * BOX / cells) ** 2))
    linear = float((_weights(cells) * power).sum()) / BOX**3
    power *= SHARPEST * np.log1p(linear / SHARPEST) / linear * suppression(recipe, theta, k)
    modes = fft.rfftn(noise) * np.sqrt(power * cells**3 / BOX**3).astype(np.float32)
    density = np.exp(fft.irfftn(modes, noise.shape))
    return np.asarray(density / density.mean(dtype=np.float64), np.float32)


def suppression(recipe: str, theta: Mapping[str, float], k: np.ndarray) -> np.ndarray:
    """Return the factor, in (0.55, 1], by which feedback lowers the log-density's power at k in h/Mpc."""
    first, second = ("A_AGN1", "A_AGN2")
    if recipe == "A":
        depth = 0.06 * theta[first] ** 0.5 * theta["A_SN1"] ** 0.2
        scale = 8.0 * theta[second] ** -0.5
    else:
        depth = 0.12 * theta[first] ** 0.4 * theta["A_SN2"] ** 0.5
        scale = 5.0 * theta[second] ** -0.7
    ratio = (k / scale) ** 2
    return np.asarray(1 - min(depth, 0.45) * ratio / (1 + ratio))


def blurred(field: np.ndarray, radius: float) -> np.ndarray:
    """Return a periodic field (n, n, n) smoothed by a Gaussian of this standard deviation in Mpc/h."""
    window = np.exp(-0.5 * (wavenumbers(len(field)) * radius) ** 2).astype(np.float32)
    return np.asarray(fft.irfftn(fft.rfftn(field) * window, field.shape))


@cache
def wavenumbers(cells: int) -> np.ndarray:
    """Return |k| in h/Mpc of the modes of a real transform, float64 (n, n, n/2 + 1)."""
    full, half = 2 * np.pi * fft.fftfreq(cells, BOX / cells), 2 * np.pi * fft.rfftfreq(cells, BOX / cells)
    return np.asarray(np.sqrt(full[:, None, None] ** 2 + full[:, None] ** 2 + half**2))


@cache
def _weights(cells: int) -> np.ndarray:
    """Return how many modes of the full transform each of the half stands for, float64 (n/2 + 1,)."""
    weights = np.full(cells // 2 + 1, 2.0)
    weights[[0, -1]] = 1.0
    return weights
