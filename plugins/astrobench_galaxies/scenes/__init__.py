"""Synthetic galaxies, noiseless and seen through the telescope: each a pure function of the seed and its number."""

from __future__ import annotations

from astrobench_galaxies.scenes.galaxies import Galaxy, Recipe, draw, label_of

__all__ = ["Galaxy", "Recipe", "draw", "label_of"]
