"""Galaxies at z ≈ 2 left to themselves: clumpy lopsided discs, spheroids, and neighbours on the sky.

Lengths are in units of the plane, light in fractions of a galaxy's F160W flux.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from astrobench_galaxies.scenes import colours, debris
from astrobench_galaxies.scenes.ellipticals import bounded_normal
from astrobench_galaxies.scenes.light import Blobs, Sersic

if TYPE_CHECKING:
    from astrobench_galaxies.scenes.light import Hue

Body = Sersic | Blobs  # what can be moved and scaled, unlike a painted canvas

_DISCS = 0.65  # of all galaxies
_CLUMPY = 0.55  # of discs
_NEIGHBOURS = 0.4  # Poisson mean


def isolated(rng: np.random.Generator, radius: float, hue: Hue) -> list[Body]:
    """Draw a galaxy that does not merge."""
    return host(rng, 1.0, radius, hue)


def host(rng: np.random.Generator, flux: float, radius: float, hue: Hue, x: float = 0, y: float = 0) -> list[Body]:
    """Draw a clumpy disc or a spheroid at (x, y)."""
    paint = _disc if rng.random() < _DISCS else _spheroid
    return [moved(part.brightened(flux), x, y) for part in paint(rng, radius, hue)]


def neighbours(rng: np.random.Generator, radius: float, hue: Hue) -> list[Body]:
    """Draw satellites and chance projections, which stand beside galaxies of either class."""
    count, parts = int(rng.poisson(_NEIGHBOURS)), list[Body]()
    for _ in range(count):
        distance, angle = radius * rng.uniform(2.0, 6.0), rng.uniform(0, 2 * np.pi)
        size, share = radius * rng.uniform(0.15, 0.4), rng.uniform(0.004, 0.08)
        tint = colours.between(hue, colours.KNOTS, rng.uniform(0, 1))
        x, y = float(distance * np.cos(angle)), float(distance * np.sin(angle))
        parts.append(Sersic(share, tint, rng.uniform(1, 3), size, rng.uniform(0.4, 1), rng.uniform(0, np.pi), x, y))
    return parts


def moved(part: Body, x: float, y: float) -> Body:
    """Return a profile or blobs moved by (x, y)."""
    if isinstance(part, Sersic):
        return replace(part, x=part.x + x, y=part.y + y)
    return replace(part, x=part.x + x, y=part.y + y)


def scaled(part: Body, factor: float) -> Body:
    """Return a profile or blobs `factor` times as large, seen from the middle."""
    if isinstance(part, Sersic):
        return replace(part, radius=part.radius * factor, x=part.x * factor, y=part.y * factor)
    return replace(part, sizes=part.sizes * factor, x=part.x * factor, y=part.y * factor)


def _disc(rng: np.random.Generator, radius: float, hue: Hue) -> list[Body]:
    cosine, angle = rng.uniform(0.25, 1), rng.uniform(0, np.pi)
    bulge = 0.5 * rng.beta(1.1, 3)
    slip, way, share = radius * rng.uniform(0, 0.6), rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.35)
    x, y = float(slip * np.cos(way)), float(slip * np.sin(way))
    parts: list[Body] = [
        Sersic(bulge, colours.between(hue, colours.BULGE, 0.7), rng.uniform(1.2, 3), 0.3 * radius),
        Sersic((1 - bulge) * (1 - share), hue, 1.0, 1.15 * radius, cosine, angle),
        Sersic((1 - bulge) * share, colours.between(hue, colours.KNOTS, 0.3), 1.0, radius, cosine, angle, x, y),
    ]
    if rng.random() > _CLUMPY:
        return parts
    light, number = rng.uniform(0.05, 0.22), int(rng.integers(3, 11))
    clumps = debris.clumps(rng, light, colours.between(hue, colours.KNOTS, 0.8), radius, number)
    return [*(part.brightened(1 - light) for part in parts), clumps]


def _spheroid(rng: np.random.Generator, radius: float, hue: Hue) -> list[Body]:
    halo, angle, ratio = rng.uniform(0, 0.25), rng.uniform(0, np.pi), rng.uniform(0.5, 1)
    index = bounded_normal(rng, 3.0, 1.2, 1.2, 6.0)
    return [
        Sersic(1 - halo, hue, index, 0.9 * radius, ratio, angle),
        Sersic(halo, colours.between(hue, colours.ARMS, 0.5), 1.0, 2.2 * radius, min(1.0, ratio + 0.1), angle),
    ]
