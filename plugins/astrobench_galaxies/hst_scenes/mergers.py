"""Galaxies at z ≈ 2 that merge: a pair, a double nucleus, or a body that only its debris betrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from astrobench_galaxies.hst_scenes.hosts import host
from astrobench_galaxies.scenes import colours, debris
from astrobench_galaxies.scenes.light import Sersic

if TYPE_CHECKING:
    from astrobench_galaxies.hst_scenes.hosts import Body
    from astrobench_galaxies.scenes.light import Hue

_KINDS = (0.33, 0.49, 0.18)


def merging(rng: np.random.Generator, radius: float, hue: Hue) -> list[Body]:
    """Draw a merger whose main galaxy has about this half-light radius, light in fractions of F160W flux."""
    paint = (_pair, _double_nucleus, _weak)[rng.choice(3, p=_KINDS)]
    parts = [*paint(rng, radius, hue), *_envelope(rng, radius, hue)]
    total = sum(part.flux for part in parts)
    return [part.brightened(1 / total) for part in parts]


def _pair(rng: np.random.Generator, radius: float, hue: Hue) -> list[Body]:
    ratio = float(np.exp(rng.uniform(np.log(0.15), np.log(0.8))))
    second = radius * ratio**0.4 * rng.uniform(0.7, 1)
    first, other = _apart(rng, (radius + second) * rng.uniform(0.75, 1.9), ratio)
    parts = [*host(rng, 1.0, radius, hue, *first), *host(rng, ratio, second, hue, *other)]
    if rng.random() < 0.8:
        parts.append(debris.bridge(rng, rng.uniform(0.02, 0.08), hue, 0.3 * second, [first, other]))
    places = ((1.0, radius, first), (ratio, second, other))
    parts.extend(_tail(rng, flux, size, place, hue) for flux, size, place in places if rng.random() < 0.7)
    return parts


def _double_nucleus(rng: np.random.Generator, radius: float, hue: Hue) -> list[Body]:
    ratio, share = rng.uniform(0.3, 1), rng.uniform(0.4, 0.75)
    first, other = _apart(rng, radius * rng.uniform(0.8, 1.7), ratio)
    small = radius * rng.uniform(0.2, 0.4)
    nuclei: list[Body] = [
        Sersic(share / (1 + ratio), hue, rng.uniform(1.5, 3.5), small, rng.uniform(0.5, 1), _turn(rng), *first),
        Sersic(share * ratio / (1 + ratio), hue, rng.uniform(1, 3), small, rng.uniform(0.5, 1), _turn(rng), *other),
    ]
    body = host(rng, 1 - share, 1.2 * radius, hue, 0.3 * other[0], 0.3 * other[1])
    return [*nuclei, *body, *(_tail(rng, 1.0, radius, (0, 0), hue) for _ in range(rng.integers(1, 4)))]


def _weak(rng: np.random.Generator, radius: float, hue: Hue) -> list[Body]:
    tails = [_tail(rng, 1.0, radius, (0, 0), hue) for _ in range(rng.integers(1, 4))]
    shells = [debris.shell(rng, rng.uniform(0.01, 0.05), hue, radius) for _ in range(rng.integers(0, 3))]
    return [*host(rng, 1.0, radius, hue), *tails, *shells]


def _envelope(rng: np.random.Generator, radius: float, hue: Hue) -> list[Body]:
    """Draw the light that an encounter has thrown wide and to one side."""
    slip, way = radius * rng.uniform(0.2, 1.0), rng.uniform(0, 2 * np.pi)
    x, y = float(slip * np.cos(way)), float(slip * np.sin(way))
    wide, ratio = radius * rng.uniform(1.8, 2.6), rng.uniform(0.4, 0.9)
    return [Sersic(rng.uniform(0.02, 0.12), hue, 1.0, wide, ratio, _turn(rng), x, y)]


def _apart(rng: np.random.Generator, distance: float, ratio: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return where two bodies stand about their centre of light, which a catalogue would put in the middle."""
    angle, share = rng.uniform(0, 2 * np.pi), ratio / (1 + ratio)
    x, y = float(distance * np.cos(angle)), float(distance * np.sin(angle))
    return (-share * x, -share * y), ((1 - share) * x, (1 - share) * y)


def _tail(rng: np.random.Generator, flux: float, radius: float, place: tuple[float, float], hue: Hue) -> Body:
    light = flux * rng.uniform(0.02, 0.12)
    return debris.tail(rng, light, colours.between(hue, colours.KNOTS, 0.5), 0.8 * radius, *place)


def _turn(rng: np.random.Generator) -> float:
    return float(rng.uniform(0, np.pi))
