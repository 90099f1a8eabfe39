"""Mergers at three moments: a pair that still shows two galaxies, a double nucleus, and what is left afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from astrobench_galaxies.scenes import colours, debris
from astrobench_galaxies.scenes.ellipticals import bounded_normal
from astrobench_galaxies.scenes.light import Blobs, Hue, Light, Sersic

if TYPE_CHECKING:
    from collections.abc import Sequence


def merger(rng: np.random.Generator, radius: float) -> Sequence[Light]:
    """Draw a merger whose main galaxy has about this half-light radius (arcsec), light in fractions of i-band flux."""
    kind = rng.random()
    hue = colours.between(colours.OLD, colours.ARMS, rng.uniform(0, 1))
    if kind < 0.42:
        return normalised(_pair(rng, radius, hue))
    if kind < 0.78:
        return normalised(_double_nucleus(rng, radius, hue))
    return normalised(_post_merger(rng, radius, hue))


def _pair(rng: np.random.Generator, radius: float, hue: Hue) -> list[Light]:
    ratio = float(np.exp(rng.uniform(np.log(0.15), np.log(0.8))))
    second = radius * ratio**0.4
    distance = (radius + second) * rng.uniform(0.75, 1.9)
    angle = rng.uniform(0, 2 * np.pi)
    x, y = distance * np.cos(angle), distance * np.sin(angle)
    # The primary stands nearer the middle of the cut-out, as where a catalogue would centre the system.
    share = ratio / (1 + ratio)
    (x0, y0), (x1, y1) = (-share * x, -share * y), ((1 - share) * x, (1 - share) * y)
    parts: list[Light] = [*_galaxy(rng, 1, radius, x0, y0, hue), *_galaxy(rng, ratio, second, x1, y1, hue)]
    if rng.random() < 0.8:
        parts.append(debris.bridge(rng, rng.uniform(0.01, 0.08), hue, 0.3 * second, [(x0, y0), (x1, y1)]))
    for flux, size, at_x, at_y in ((1.0, radius, x0, y0), (ratio, second, x1, y1)):
        if rng.random() < 0.7:
            parts.append(_tail(rng, flux, size, at_x, at_y, hue))
    return parts


def _double_nucleus(rng: np.random.Generator, radius: float, hue: Hue) -> list[Light]:
    ratio, share = rng.uniform(0.3, 1), rng.uniform(0.4, 0.75)
    half = radius * rng.uniform(0.8, 1.7) / 2
    angle = rng.uniform(0, 2 * np.pi)
    x, y = half * np.cos(angle), half * np.sin(angle)
    nuclei = [
        Sersic(
            share * part / (1 + ratio),
            hue,
            rng.uniform(1, 3),
            radius * rng.uniform(0.2, 0.4),
            _round(rng),
            _turn(rng),
            *at,
        )
        for part, at in ((1.0, (x, y)), (ratio, (-x, -y)))
    ]
    tails = [_tail(rng, 1.0, radius, 0, 0, hue) for _ in range(rng.integers(1, 4))]
    return [*nuclei, *_lopsided(rng, 1 - share, 1.2 * radius, hue), *tails]


def _post_merger(rng: np.random.Generator, radius: float, hue: Hue) -> list[Light]:
    share = rng.uniform(0.1, 0.45)
    knots = debris.clumps(rng, share, colours.between(hue, colours.KNOTS, 0.4), radius, int(rng.integers(1, 6)))
    tails = [_tail(rng, 1.0, radius, 0, 0, hue) for _ in range(rng.integers(1, 4))]
    shells = [debris.shell(rng, rng.uniform(0.01, 0.04), hue, radius) for _ in range(rng.integers(0, 3))]
    return [*_lopsided(rng, 1 - share, radius, hue), knots, *tails, *shells]


def _galaxy(rng: np.random.Generator, flux: float, radius: float, x: float, y: float, hue: Hue) -> list[Sersic]:
    """Draw a concentrated galaxy, or a disc with a bulge, at (x, y)."""
    ratio, turn = _round(rng), _turn(rng)
    if rng.random() < 0.5:
        index = bounded_normal(rng, 3.3, 1.2, 1.1, 6)
        return [Sersic(flux, colours.between(hue, colours.OLD, 0.6), index, radius, ratio, turn, x, y)]
    bulge = rng.uniform(0.15, 0.5)
    return [
        Sersic(flux * bulge, colours.BULGE, rng.uniform(1.5, 3.5), 0.3 * radius, min(1, ratio + 0.2), turn, x, y),
        Sersic(flux * (1 - bulge), hue, 1, 1.2 * radius, ratio, turn, x, y),
    ]


def _lopsided(rng: np.random.Generator, flux: float, radius: float, hue: Hue) -> list[Sersic]:
    """Draw an envelope whose outer half has slipped to one side."""
    slip, way, share = radius * rng.uniform(0.2, 0.6), _turn(rng) * 2, rng.uniform(0.3, 0.5)
    x, y = slip * np.cos(way), slip * np.sin(way)
    return [
        Sersic(flux * (1 - share), hue, rng.uniform(1, 3), radius, _round(rng), _turn(rng)),
        Sersic(flux * share, hue, 1, 1.3 * radius, _round(rng), _turn(rng), x, y),
    ]


def _tail(rng: np.random.Generator, flux: float, radius: float, x: float, y: float, hue: Hue) -> Blobs:
    return debris.tail(rng, flux * rng.uniform(0.01, 0.15), colours.between(hue, colours.ARMS, 0.5), radius, x, y)


def _round(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.45, 1))


def _turn(rng: np.random.Generator) -> float:
    return float(rng.uniform(0, np.pi))


def normalised(parts: Sequence[Light]) -> list[Light]:
    """Return the parts with their fluxes scaled to a sum of 1."""
    total = sum(part.flux for part in parts)
    return [part.brightened(1 / total) for part in parts]
