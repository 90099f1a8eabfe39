"""Ellipticals: one concentrated Sérsic profile in a faint, bluer halo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from astrobench_galaxies.scenes import colours
from astrobench_galaxies.scenes.hankel import HIGHEST
from astrobench_galaxies.scenes.light import Light, Sersic

if TYPE_CHECKING:
    from collections.abc import Sequence


_BODY_SIZE = 0.87  # the halo makes up for it: measured half-light radii have the same median in every class


def elliptical(rng: np.random.Generator, radius: float) -> Sequence[Light]:
    """Draw an elliptical of this half-light radius (arcsec), light in fractions of its i-band flux."""
    index = bounded_normal(rng, 3.3, 1.5, 1.1, HIGHEST)
    ratio, angle = 0.42 + 0.58 * rng.beta(3.2, 1.9), rng.uniform(0, np.pi)
    halo = rng.uniform(0, 0.25)
    body = Sersic(1 - halo, colours.OLD, index, _BODY_SIZE * radius, ratio, angle)
    wide = _BODY_SIZE * radius * rng.uniform(1.8, 3)
    return [body, Sersic(halo, colours.HALO, 1.0, wide, min(1.0, ratio + 0.1), angle)]


def bounded_normal(rng: np.random.Generator, mean: float, sigma: float, low: float, high: float) -> float:
    """Draw a normal number, again and again until it lies in [low, high]."""
    while not low <= (value := rng.normal(mean, sigma)) <= high:
        pass
    return float(value)
