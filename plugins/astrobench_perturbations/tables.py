"""What windows along rows and along columns mean on a map: which rows of memory to read.

A window's cells are (row, col), and its places, what the cells look at before the pool, (row of cells, row of the pool,
col of cells, col of the pool).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from astrobench_perturbations.windows import along, pixels_along

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench_perturbations.stages import Stage
    from astrobench_perturbations.windows import Along

    Sides = tuple[Along, Along]


def sides_of(stages: Sequence[Stage], height: int, width: int) -> list[Sides]:
    """Return every stage along rows and along columns, for images of height · width pixels."""
    found: list[Sides] = []
    for stage in stages:
        rows, cols = (
            [found[term.source][axis].window if term.source >= 0 else pixels_along(length) for term in stage.terms]
            for axis, length in enumerate((height, width))
        )
        found.append((along(stage, 0, rows), along(stage, 1, cols)))
    return found


def kinds_of(sides: Sides) -> np.ndarray:
    """Return of which kind each pixel is, uint16 (H · W,): pixels of one kind differ by a shift of everything."""
    rows, cols = sides
    return paired(rows.kinds * len(cols.selections), cols.kinds).astype(np.uint16)


def memory(shape: tuple[int, ...], rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """Pair rows (u, i, a) with cols (v, k, b) as row · W + col, or H · W outside: int64 (u, v, i, a, k, b)."""
    height, width = shape[:2]
    y, x = rows[:, None, :, :, None, None], cols[None, :, None, None]
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    return np.where(inside, y * width + x, height * width)


def paired(rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """Return the sum for each pixel, (H · W,), of a number for its row (H,) and one for its column (W,)."""
    summed: np.ndarray = (rows[:, None] + cols).ravel()
    return summed
