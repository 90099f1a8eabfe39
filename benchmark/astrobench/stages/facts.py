"""What a dataset has of each domain, kept so that a perturbation's needs are checked before anything is trained."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astrobench.needs import Facts
    from astrobench.types import Observation


def facts_of(seen: Observation | None, scale: float | None, side: int, *, classes: bool) -> Facts:
    """Return the facts of one test set that `astrobench.needs` speaks of, as JSON types; None for what is unknown."""
    known = scale is not None and math.isfinite(scale) and scale > 0
    return {
        "observation": seen is not None,
        "scene": seen is not None and seen.scene is not None,
        "pixel_scale": scale if known else None,
        "classes": classes,
        "longest_exposure": float(seen.years) if seen is not None and seen.scene is None else None,
        "side": side,
    }
