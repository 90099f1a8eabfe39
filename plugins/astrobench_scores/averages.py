"""Scores that are means over images, and scores that do not exist.

Sums are exactly rounded (`math.fsum`), so neither the order of the images nor the width of a processor's registers
can change a digit.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from astrobench import Score

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from astrobench.types import Better


def undefined(note: str, *, unit: str = "", better: Better | None = None, n: int = 0) -> Score:
    """Return the score of a number that does not exist: NaN, and the reason."""
    return Score(math.nan, unit, better, None, n, note)


def fraction(count: int, n: int, *, better: Better | None = None, note: str = "", empty: str = "no images") -> Score:
    """Return count/n with its binomial standard error √(p(1 − p)/n), or `empty` as the reason where n is 0."""
    if n == 0:
        return undefined(empty, better=better)
    p = count / n
    return Score(p, "", better, math.sqrt(p * (1 - p) / n) if n > 1 else None, n, note)


def average(values: np.ndarray, *, unit: str = "", better: Better | None = None, note: str = "") -> Score:
    """Return the mean of float64 (n,), n ≥ 1, with the standard error: population deviation (ddof 0) over √n.

    One image has a mean and no standard error.
    """
    n, centre = len(values), mean(values)
    error = math.sqrt(mean((values - centre) ** 2) / n) if n > 1 else None
    return Score(centre, unit, better, error, n, note)


def error_over_objects(values: np.ndarray, objects: np.ndarray) -> float | None:
    """Return the standard error of the mean of float64 (n,), n ≥ 1, of which those of one object, (n,), move together.

    √(Σ over objects of (Σ (value − mean))²)/n, which is `average`'s where each object has one value; None for one
    object alone.
    """
    import numpy as np

    owner = np.unique(objects, return_inverse=True)[1]
    sums = np.bincount(owner, values - mean(values))
    return math.sqrt(math.fsum(sums**2)) / len(values) if len(sums) > 1 else None


def mean(values: Iterable[float]) -> float:
    """Return the exactly summed mean of at least one number."""
    listed = [float(value) for value in values]
    return math.fsum(listed) / len(listed)
