"""Hues of stellar populations, in AB magnitudes, and the small scatter that every galaxy has of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astrobench_galaxies.scenes.light import Hue

if TYPE_CHECKING:
    import numpy as np

OLD = Hue(0.69, 0.36)
BULGE = Hue(0.72, 0.36)
HALO = Hue(0.60, 0.32)
DISC = Hue(0.58, 0.32)
ARMS = Hue(0.44, 0.27)
KNOTS = Hue(0.25, 0.18)
_SCATTER_G, _SCATTER_R = 0.15, 0.06  # magnitudes, the same shift for all light of one galaxy


def scatter(rng: np.random.Generator) -> tuple[float, float, float]:
    """Draw one galaxy's shift of magnitude in g, r and i; i stays, since it sets the brightness."""
    return float(rng.normal(0, _SCATTER_G)), float(rng.normal(0, _SCATTER_R)), 0.0


def between(first: Hue, second: Hue, share: float) -> Hue:
    """Return the hue that lies `share` of the way from the first to the second."""
    return Hue(*(a + share * (b - a) for a, b in zip(first, second, strict=True)))
