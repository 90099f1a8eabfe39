"""Synthetic galaxies at z ≈ 2 seen from space, merging or not: each a pure function of the seed and its number."""

from __future__ import annotations

from astrobench_galaxies.hst_scenes.galaxies import CLASSES, Galaxy, Recipe, draw, label_of

__all__ = ["CLASSES", "Galaxy", "Recipe", "draw", "label_of"]
