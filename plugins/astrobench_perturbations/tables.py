"""What windows along rows and along columns mean on a map: which rows of memory to gather.

u counts the different windows, row windows first. A window's cells are (row, col), and its places, what the cells look
at before the pool, (row of cells, row of the pool, col of cells, col of the pool).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from astrobench_perturbations.windows import Walk, along, pixels_along

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
    return _paired(rows.kinds, cols.kinds, len(cols.selections)).astype(np.uint16)


def windows_of(sides: Sides) -> np.ndarray:
    """Return which window, a row of the tables below, each pixel has, int64 (H · W,)."""
    rows, cols = (side.window for side in sides)
    return _paired(rows.numbers, cols.numbers, len(cols.different))


def places_of(stage: Stage, sides: Sides) -> np.ndarray:
    """Return the places that each window looks at before the pool, int32 (u, places).

    A place is row · W + col of the map before the pool; H · W for whatever a cell outside its map looks at; H · W + 1
    for a place outside that a cell inside looks at.
    """
    height, width, _ = stage.shape
    seen = [Walk.along(stage.pool, axis).seen_from(side.window.different) for axis, side in enumerate(sides)]
    places, outside = _memory(stage.shape, *seen), height * width
    cells = _memory(stage.cells_shape, *(side.window.different[:, :, None] for side in sides))
    places[places == outside] = outside + 1
    without_map = cells == stage.cells_shape[0] * stage.cells_shape[1]
    return np.where(without_map, outside, places).reshape(len(places) * places.shape[1], -1).astype(np.int32)


def cells_of(stage: Stage, sides: Sides) -> np.ndarray:
    """Return the cells of each window, int32 (u, cells): row · W + col of the map of cells, H · W outside of it."""
    cells = _memory(stage.cells_shape, *(side.window.different[:, :, None] for side in sides))
    return cells.reshape(len(cells) * cells.shape[1], -1).astype(np.int32)


def _memory(shape: tuple[int, ...], rows: np.ndarray, cols: np.ndarray) -> np.ndarray:
    """Pair rows (u, i, a) with cols (v, k, b) as row · W + col, or H · W outside: int64 (u, v, i, a, k, b)."""
    height, width = shape[:2]
    y, x = rows[:, None, :, :, None, None], cols[None, :, None, None]
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    return np.where(inside, y * width + x, height * width)


def _paired(rows: np.ndarray, cols: np.ndarray, many: int) -> np.ndarray:
    paired: np.ndarray = (rows[:, None] * many + cols).ravel()
    return paired
