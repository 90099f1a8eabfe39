"""What encounters leave behind: tidal tails, bridges, shells and clumps, all strings of round blobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from astrobench_galaxies.scenes.light import Blobs, Hue

if TYPE_CHECKING:
    from collections.abc import Sequence

_BEADS = 40  # a tail of 5.5 radii and the thinnest width has two beads a width


def tail(rng: np.random.Generator, flux: float, hue: Hue, radius: float, x: float, y: float) -> Blobs:
    """Draw a curved tail that leaves a galaxy of this half-light radius at (x, y), all in arcsec."""
    length, bend = radius * rng.uniform(2, 5.5), rng.normal(0, 2)
    step = np.linspace(0, 1, _BEADS)
    heading = rng.uniform(0, 2 * np.pi) + bend * step
    along_x = x + np.cumsum(np.cos(heading)) * length / _BEADS
    along_y = y + np.cumsum(np.sin(heading)) * length / _BEADS
    width = radius * rng.uniform(0.12, 0.35) * (0.7 + 0.6 * step)
    return _string(rng, flux, hue, width, along_x, along_y, np.exp(-1.5 * step))


def bridge(rng: np.random.Generator, flux: float, hue: Hue, width: float, ends: Sequence[tuple[float, float]]) -> Blobs:
    """Draw a bowed bridge between two points, arcsec."""
    (x0, y0), (x1, y1) = ends
    step = np.linspace(0, 1, _BEADS // 2)
    bow = rng.normal(0, 0.15) * np.sin(np.pi * step)
    along_x, along_y = x0 + (x1 - x0) * step - bow * (y1 - y0), y0 + (y1 - y0) * step + bow * (x1 - x0)
    return _string(rng, flux, hue, np.full(len(step), width), along_x, along_y, np.ones(len(step)))


def shell(rng: np.random.Generator, flux: float, hue: Hue, radius: float) -> Blobs:
    """Draw a thin arc around the middle, at 1.5 to 3 half-light radii (arcsec)."""
    distance, spread = radius * rng.uniform(1.5, 3), rng.uniform(0.4, 1.2)
    angle = rng.uniform(0, 2 * np.pi) + np.linspace(-spread, spread, _BEADS)
    width = np.full(_BEADS, radius * rng.uniform(0.08, 0.15))
    x, y = distance * np.cos(angle), distance * np.sin(angle)
    return _string(rng, flux, hue, width, x, y, np.cos(np.linspace(-1.4, 1.4, _BEADS)))


def clumps(rng: np.random.Generator, flux: float, hue: Hue, radius: float, number: int) -> Blobs:
    """Draw compact clumps within 1.5 half-light radii (arcsec) of the middle."""
    distance, angle = radius * rng.uniform(0.3, 1.5, number), rng.uniform(0, 2 * np.pi, number)
    weights = rng.uniform(0.4, 1, number)
    sizes = radius * rng.uniform(0.08, 0.25, number)
    return Blobs(flux * weights / weights.sum(), hue, sizes, distance * np.cos(angle), distance * np.sin(angle))


def _string(
    rng: np.random.Generator,
    flux: float,
    hue: Hue,
    width: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    weights: np.ndarray,
) -> Blobs:
    uneven = weights * np.exp(np.interp(np.linspace(0, 5, len(x)), np.arange(6), rng.normal(0, 0.5, 6)))
    return Blobs(flux * uneven / uneven.sum(), hue, width, x, y)
