"""How a map is kept so that a window is a few long runs of memory: cell beside cell, each with its own places."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from astrobench_perturbations.tables import memory, paired
from astrobench_perturbations.windows import Walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench_perturbations.stages import Stage
    from astrobench_perturbations.tables import Sides
    from astrobench_perturbations.windows import Window


class Tiling(NamedTuple):
    """A map laid out anew in R rows of C numbers, with a margin wherever a window reaches beyond the map.

    rows: int64 (R,), which row of the map's own memory each is. first: int64 (H · W,), where the window of each pixel
    of the image begins. steps: int64 (k,), where its runs begin, from there. run: rows in a run.
    """

    rows: torch.Tensor
    first: np.ndarray
    steps: np.ndarray
    run: int

    def laid(self, maps: torch.Tensor) -> torch.Tensor:
        """Return maps (m, rows of memory, C) as (m, R, C)."""
        return maps.index_select(1, self.rows)

    def lay(self, maps: torch.Tensor, room: torch.Tensor, slots: Sequence[int]) -> None:
        """Lay each of the maps (m, rows of memory, C) into its slot of a room (slots, R, C)."""
        for one, slot in zip(maps, slots, strict=True):
            torch.index_select(one, 0, self.rows, out=room[slot])

    def runs(self, room: torch.Tensor) -> torch.Tensor:
        """Return all the runs of laid maps (m, R, C), which overlap in memory, (m, R - run + 1, run · C)."""
        m, rows, channels = room.shape
        return room.as_strided((m, rows - self.run + 1, self.run * channels), (rows * channels, channels, 1))

    def starts(self, where: np.ndarray) -> np.ndarray:
        """Return where the runs of the windows of pixels int64 (n,) begin, int64 (n · k,)."""
        return paired(self.first[where], self.steps)


def tiled_places(stage: Stage, sides: Sides) -> Tiling:
    """Return how a map before the pool is kept: what each cell looks at is its own, pools that overlap have copies.

    The map's own memory is row · W + col; H · W for whatever a cell outside its map looks at; H · W + 1 for a place
    outside that a cell inside looks at.
    """
    (height, width, _), cells = stage.shape, [_reached(side.window)[None] for side in sides]
    places = memory(stage.shape, *(Walk.along(stage.pool, axis).seen_from(along) for axis, along in enumerate(cells)))
    places[places == height * width] = height * width + 1
    outside = _cells(stage, sides) == stage.cells_shape[0] * stage.cells_shape[1]
    return _tiling(np.where(outside, height * width, places), sides, stage.bias.device)


def tiled_cells(stage: Stage, sides: Sides) -> Tiling:
    """Return how a map of cells is kept. Its own memory is row · W + col, H · W outside of it."""
    return _tiling(_cells(stage, sides), sides, stage.bias.device)


def _cells(stage: Stage, sides: Sides) -> np.ndarray:
    return memory(stage.cells_shape, *(_reached(side.window)[None, :, None] for side in sides))


def _reached(window: Window) -> np.ndarray:
    """Return every cell that lies in a window, int64."""
    return np.arange(window.first.min(), window.first.max() + window.extent)


def _tiling(rows: np.ndarray, sides: Sides, device: torch.device) -> Tiling:
    """Return a tiling. rows: int64 (1, 1, row of cells, row of the pool, col of cells, col of the pool)."""
    _, _, _, down, across, each = rows.shape
    width = across * each
    first_row, first_col = (side.window.first - side.window.first.min() for side in sides)
    first = paired(first_row * down * width, first_col * each)
    steps = np.arange(sides[0].window.extent * down) * width
    return Tiling(torch.from_numpy(rows.ravel()).to(device), first, steps, sides[1].window.extent * each)
