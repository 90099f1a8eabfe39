"""Mergers at three moments: a pair that still shows two galaxies, a double nucleus, and what is left afterwards.

Secondaries are mostly faint, compact and close, and main galaxies concentrated: that is where TNG100's mergers lie in
the Gini–M20 plane (medians 0.59 and -1.68), along the line that separates them from undisturbed galaxies.
"""

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
    paint = (_pair, _double_nucleus, _remnant)[rng.choice(3, p=_KINDS)]
    hue = colours.between(colours.OLD, colours.ARMS, rng.uniform(0, 1))
    parts = paint(rng, radius, hue)
    total = sum(part.flux for part in parts)
    return [part.brightened(1 / total) for part in parts]


# Shares of the kinds as drawn. Remnants are refused most often, so 42, 36 and 22 % are what is kept.
_KINDS = (0.39, 0.35, 0.26)


def _pair(rng: np.random.Generator, radius: float, hue: Hue) -> list[Light]:
    ratio = _log_uniform(rng, 0.05, 0.45)
    second = radius * ratio**0.4 * rng.uniform(0.5, 1)
    (x0, y0), (x1, y1) = _apart(rng, (radius + second) * rng.uniform(0.9, 2.2), ratio)
    parts: list[Light] = [*_galaxy(rng, 1, radius, x0, y0, hue), *_galaxy(rng, ratio, second, x1, y1, hue)]
    if rng.random() < 0.8:
        parts.append(debris.bridge(rng, rng.uniform(0.01, 0.08), hue, 0.3 * second, [(x0, y0), (x1, y1)]))
    for flux, size, x, y in ((1.0, radius, x0, y0), (ratio, second, x1, y1)):
        if rng.random() < 0.7:
            parts.append(_tail(rng, flux, size, x, y, hue))
    return parts


def _double_nucleus(rng: np.random.Generator, radius: float, hue: Hue) -> list[Light]:
    ratio, share = _log_uniform(rng, 0.12, 1), rng.uniform(0.5, 0.8)
    first, second = _apart(rng, radius * rng.uniform(0.9, 2.0), ratio)
    bright, faint = share / (1 + ratio), share * ratio / (1 + ratio)
    large, small = radius * rng.uniform(0.3, 0.6), radius * rng.uniform(0.15, 0.35)
    nuclei = [
        Sersic(bright, hue, rng.uniform(2.5, 5), large, _round(rng), _turn(rng), *first),
        Sersic(faint, hue, rng.uniform(1, 3), small, _round(rng), _turn(rng), *second),
    ]
    return [*nuclei, *_lopsided(rng, 1 - share, 1.2 * radius, hue), *_tails(rng, radius, hue)]


def _remnant(rng: np.random.Generator, radius: float, hue: Hue) -> list[Light]:
    share, number = rng.uniform(0.08, 0.35), int(rng.integers(1, 4))
    knots = debris.clumps(rng, share, colours.between(hue, colours.KNOTS, 0.4), radius, number)
    shells = [debris.shell(rng, rng.uniform(0.01, 0.04), hue, radius) for _ in range(rng.integers(0, 3))]
    return [*_lopsided(rng, 1 - share, radius, hue), knots, *_tails(rng, radius, hue), *shells]


def _apart(rng: np.random.Generator, distance: float, ratio: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return where two bodies stand about their centre of light, which a catalogue would put in the middle."""
    angle, share = rng.uniform(0, 2 * np.pi), ratio / (1 + ratio)
    x, y = float(distance * np.cos(angle)), float(distance * np.sin(angle))
    return (-share * x, -share * y), ((1 - share) * x, (1 - share) * y)


def _galaxy(rng: np.random.Generator, flux: float, radius: float, x: float, y: float, hue: Hue) -> list[Sersic]:
    """Draw a concentrated galaxy, or a disc with a strong bulge, at (x, y)."""
    ratio, turn = _round(rng), _turn(rng)
    if rng.random() < 0.75:
        index = bounded_normal(rng, 4.5, 1.0, 2.0, 6.2)
        return [Sersic(flux, colours.between(hue, colours.OLD, 0.6), index, radius, ratio, turn, x, y)]
    bulge = rng.uniform(0.4, 0.7)
    return [
        Sersic(flux * bulge, colours.BULGE, rng.uniform(1.5, 3.5), 0.3 * radius, min(1, ratio + 0.2), turn, x, y),
        Sersic(flux * (1 - bulge), hue, 1, 1.2 * radius, ratio, turn, x, y),
    ]


def _lopsided(rng: np.random.Generator, flux: float, radius: float, hue: Hue) -> list[Sersic]:
    """Draw an envelope whose outer part has slipped to one side."""
    slip, way, share = radius * rng.uniform(0.2, 0.8), rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.5)
    x, y = float(slip * np.cos(way)), float(slip * np.sin(way))
    return [
        Sersic(flux * (1 - share), hue, rng.uniform(3, 5.5), radius, _round(rng), _turn(rng)),
        Sersic(flux * share, hue, 1, 1.3 * radius, _round(rng), _turn(rng), x, y),
    ]


def _tails(rng: np.random.Generator, radius: float, hue: Hue) -> list[Blobs]:
    return [_tail(rng, 1.0, radius, 0, 0, hue) for _ in range(rng.integers(1, 4))]


def _tail(rng: np.random.Generator, flux: float, radius: float, x: float, y: float, hue: Hue) -> Blobs:
    return debris.tail(rng, flux * rng.uniform(0.01, 0.15), colours.between(hue, colours.ARMS, 0.5), radius, x, y)


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _round(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.45, 1))


def _turn(rng: np.random.Generator) -> float:
    return float(rng.uniform(0, np.pi))
