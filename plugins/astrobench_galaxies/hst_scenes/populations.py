"""Colours of stellar populations at z ≈ 2 in the three filters, from the hues that the painters give their light."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astrobench_galaxies.scenes import colours
from astrobench_galaxies.scenes.colours import between

if TYPE_CHECKING:
    import numpy as np

    from astrobench_galaxies.scenes.light import Hue

# A hue's rest-frame g - r places it between young and old. F814W sees the near ultraviolet, where young stars shine;
# steps are set so that the mean flux of the channels is about as in the genuine pristine set, 0.56 : 0.49 : 1.
_PIVOT = 0.47
_F814W, _F814W_SLOPE = 0.65, 3.0
_F356W, _F356W_SLOPE = 0.80, -1.2
_SCATTER = (0.20, 0.15, 0.0)  # magnitudes, the same shift for all light of one galaxy


def magnitudes(hue: Hue) -> tuple[float, float, float]:
    """Return AB magnitudes in F814W, F356W and F160W, relative to F160W."""
    age = hue.g_r - _PIVOT
    return _F814W + _F814W_SLOPE * age, _F356W + _F356W_SLOPE * age, 0.0


def own_hue(rng: np.random.Generator) -> Hue:
    """Draw the hue of a galaxy's body: any mixture of young and old, the same for both classes."""
    return between(colours.ARMS, colours.OLD, rng.uniform(0, 1))


def scatter(rng: np.random.Generator) -> tuple[float, ...]:
    """Draw one galaxy's shift of magnitude in each channel; F160W stays, since it sets the brightness."""
    return tuple(float(rng.normal(0, width)) if width else 0.0 for width in _SCATTER)
