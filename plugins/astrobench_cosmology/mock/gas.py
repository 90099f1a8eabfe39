"""Fifteen maps of a box: the surface density of matter, and the mass-weighted temperature of its gas."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit

from astrobench_cosmology.mock.density import BOX, blurred, matter

if TYPE_CHECKING:
    from collections.abc import Mapping

SLABS = 5
CRITICAL = 2.775e11
"""Critical density in h² Msun/Mpc³."""


def maps_of(recipe: str, theta: Mapping[str, float], noise: np.ndarray) -> dict[str, np.ndarray]:
    """Return field → float32 (15, n, n): five slabs along each of three axes.

    Mtot: surface density in (Msun/h)/(Mpc/h)², whose mean is proportional to Omega_m under either recipe. T: K.
    """
    density = matter(recipe, theta, noise)
    hot = density * temperature(recipe, theta, density)
    mass, heat = _slabs(density), _slabs(hot)
    surface = theta["Omega_m"] * CRITICAL * BOX / SLABS * mass
    return {"Mtot": surface.astype(np.float32), "T": (heat / mass).astype(np.float32)}


def temperature(recipe: str, theta: Mapping[str, float], density: np.ndarray) -> np.ndarray:
    """Return the temperature in K, float32 (n, n, n), of gas that follows a density in units of its mean.

    Photo-heated gas; gas heated by shocks, which knows the cosmology; and bubbles around dense places, whose size and
    heat are the recipe's own. Under recipe B they are larger, and their heat does not know Omega_m.
    """
    x = np.log10(np.maximum(blurred(density, 0.25), 1e-4))
    matter_, clumps = np.log10(theta["Omega_m"] / 0.3), np.log10(theta["sigma_8"] / 0.8)
    shocked = expit((x - 0.75 + 0.3 * clumps) / 0.12)
    diffuse = 10 ** (3.75 + 0.55 * np.maximum(x, -0.9))
    gas = diffuse + shocked * (10 ** (5.6 + 0.67 * (x - 0.75) + 0.67 * matter_ + clumps) - diffuse)
    edge, radius, gain, heat = _bubbles(recipe, theta)
    inside = np.clip(gain * blurred((x > edge).astype(np.float32), radius), 0, 1)
    gas += inside * (10**heat - gas)
    if recipe == "B":
        gas *= 10 ** (-1.6 * expit((x - 1.45) / 0.1))  # cold, dense gas
    return np.asarray(gas, np.float32)


def _bubbles(recipe: str, theta: Mapping[str, float]) -> tuple[float, float, float, float]:
    """Return log-density of the sources, radius in Mpc/h, gain, and log₁₀ of the temperature in K."""
    sn1, agn1, sn2, agn2 = (np.log10(theta[name]) for name in ("A_SN1", "A_AGN1", "A_SN2", "A_AGN2"))
    if recipe == "A":
        heat = 6.3 + 0.35 * agn1 + 0.2 * sn1 + 0.67 * np.log10(theta["Omega_m"] / 0.3)
        return 1.15, 0.45 * 10 ** (0.5 * agn2), 3.0, heat
    return 0.85, 1.3 * 10 ** (0.7 * agn2), 6.0, 6.9 + 0.6 * agn1 + 0.3 * sn2


def _slabs(field: np.ndarray) -> np.ndarray:
    """Return float64 (15, n, n), means over five slabs along each axis."""
    edges = np.linspace(0, len(field), SLABS + 1).round().astype(int)
    means = [
        field.take(range(low, high), axis).mean(axis, dtype=np.float64)
        for axis in range(3)
        for low, high in pairwise(edges)
    ]
    return np.stack(means)
