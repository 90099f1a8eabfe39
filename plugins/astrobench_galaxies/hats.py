"""A hat over the Poisson law that is flat in cells, cut into rectangles of equal area: most lie wholly below the law.

With σ = √λ and k = ⌊λ + σx⌋ the law is a density of x, f(x) = σ P(k; λ), that tends to the normal one. Over all λ from
`level` up it is bounded from both sides in each cell of x. Rectangles are piled up to the upper bound; those below the
lower one need no test, so their height is never drawn.

Source: rectangles of equal area after Ahrens (1995, Computing 54, 127), bounds from Stirling's series.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

SURE = 2**16  # rectangles below the law: 16 bits choose one
STEP = 1 / 64  # width of a cell, in σ
EDGE = 3.625  # cells reach so many σ to both sides; beyond is the tails'
HIGHEST_LEVEL = 2**20  # the law is the normal one to a thousandth: a closer bound gains nothing
_DEPTHS = 32  # values of 1/√λ between 0 and that of the level at which a bound is looked for
_SAFETY = 1e-4  # and what it may miss between them, relative
_FINER = 0.9995  # rectangles are made so much smaller until there are enough


@dataclass(frozen=True, eq=False)
class Hat:
    """Rectangles of equal area, STEP wide: those below the law, the doubtful ones above them, and the tails'.

    sure: int16 (SURE,), the cell of each; a cell begins at so many STEP. doubtful: int16 (D,). bottom: float64 (D,),
    where each doubtful one begins, in units of f. thickness: of each. tails: how many make up both tails, whose hat is
    `tail` at EDGE and falls off as exp(-slope (|x| - EDGE)). share: of the hat's area that is not sure.
    """

    sure: np.ndarray
    doubtful: np.ndarray
    bottom: np.ndarray
    thickness: float
    tails: int
    tail: float
    slope: float
    share: float


@cache
def hat_from(level: int) -> Hat:
    """Return the hat over the laws of all means from `level` (at least 128) up."""
    cells = np.arange(round(-EDGE / STEP), round(EDGE / STEP)).astype(np.int16)
    low, high = bounds(cells * STEP, level)
    sure, thickness = _below(low)
    more = np.ceil(high / thickness).astype(int) - sure
    bottom = np.concatenate([np.arange(first, first + n) for first, n in zip(sure, more, strict=True)]) * thickness
    top, slope = tail(level)
    tails = int(np.ceil(2 * top / slope / (thickness * STEP)))
    unsure = len(bottom) + tails
    height = tails * thickness * STEP * slope / 2
    share = unsure / (SURE + unsure)
    return Hat(cells.repeat(sure), cells.repeat(more), bottom, thickness, tails, height, slope, share)


def _below(low: np.ndarray) -> tuple[np.ndarray, float]:
    """Return how many rectangles lie below `low` in each cell, SURE in all, and how thick they are."""
    thickness = float(low.sum()) / SURE
    while (sure := np.floor(low / thickness).astype(int)).sum() < SURE:
        thickness *= _FINER
    fullest = np.argsort(sure, kind="stable")[::-1]
    sure[fullest[: sure.sum() - SURE]] -= 1
    return sure, thickness


def bounds(left: np.ndarray, level: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and the most that f is in cells that begin at `left` (σ), for any mean from `level` up."""
    depth = np.arange(1, _DEPTHS + 1)[:, None] / _DEPTHS / level**0.5  # 1/σ; f tends to the normal law at 0
    first, last = left - depth, left + STEP + 0 * depth  # what (k - λ)/σ may be: the floor takes up to one count
    at_first, at_last = _log_density(first, depth), _log_density(last, depth)
    at_mode = _log_density(np.clip(-depth / 2, first, last), depth)
    remainder = depth**2 / (12 * (1 + depth * first))  # Stirling's, at most
    low = np.exp(np.minimum(at_first, at_last) - remainder).min(0) * (1 - _SAFETY)
    return low, np.exp(np.maximum(np.maximum(at_first, at_last), at_mode)).max(0) * (1 + _SAFETY)


def tail(level: int) -> tuple[float, float]:
    """Return height at EDGE and slope of an exponential above f on both sides beyond EDGE.

    ln f falls by ln(1 + y/σ) σ a unit of y = (k - λ)/σ and more; below the mean it falls faster than above.
    """
    _, high = bounds(np.array([-EDGE - STEP, EDGE]), level)
    depth = level**-0.5
    return float(high.max()), float(np.log1p(depth * (EDGE - depth)) / depth)


def _log_density(y: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Return ln f at k = λ + σ y without Stirling's remainder, which lies between -1/(12 k) and 0. depth: 1/σ."""
    log = np.log1p(depth * y)
    falls: np.ndarray = ((1 + depth * y) * log - depth * y) / depth**2
    return np.asarray(-0.5 * np.log(2 * np.pi) - 0.5 * log - falls)
