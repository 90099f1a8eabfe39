"""How a map is kept so that a window is a few long runs of memory: cell beside cell, each with its own places."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from astrobench_perturbations.tables import memory, paired
from astrobench_perturbations.windows import Walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench_perturbations.blocks import Pair
    from astrobench_perturbations.stages import Stage
    from astrobench_perturbations.tables import Sides
    from astrobench_perturbations.windows import Window


class Part(NamedTuple):
    """A rectangle that a tiling has of the map as it is, neighbour beside neighbour.

    size: rows and columns of the whole tiling. here: which of them are the rectangle. there: which of the map.
    """

    size: Pair
    here: tuple[slice, slice]
    there: tuple[slice, slice]


class Tiling(NamedTuple):
    """A map laid out anew in R rows of C numbers, with a margin wherever a window reaches beyond the map.

    rows: int64 (R,), which row of the map's own memory each is; the rows of the margins follow those of the map.
    starts: int64 (H · W, k), where the runs of the window of each pixel of the image begin. run: rows in a run.
    part: all that is not margin, where that is a part of the map as it is.
    """

    rows: torch.Tensor
    starts: np.ndarray
    run: int
    part: Part | None

    def laid(self, maps: torch.Tensor, margins: torch.Tensor) -> torch.Tensor:
        """Return maps (m, H, W, C) and margins (·, C) as (m, R, C)."""
        every = torch.cat([maps.flatten(1, 2), margins.expand(len(maps), *margins.shape)], 1)
        return every.index_select(1, self.rows)

    def lay(self, maps: torch.Tensor, margins: torch.Tensor, room: torch.Tensor, slots: Sequence[int]) -> None:
        """Lay each of the maps (m, H, W, C) into its slot of a room (slots, R, C) that has these margins already."""
        if self.part is None:
            room[slots] = self.laid(maps, margins)
            return
        inner, maps = room.view(len(room), *self.part.size, -1)[:, *self.part.here], maps[:, *self.part.there]
        for one, slot in zip(maps, slots, strict=True):
            inner[slot] = one

    def runs(self, room: torch.Tensor) -> torch.Tensor:
        """Return all the runs of laid maps (m, R, C), which overlap in memory, (m, R - run + 1, run · C)."""
        m, rows, channels = room.shape
        return room.as_strided((m, rows - self.run + 1, self.run * channels), (rows * channels, channels, 1))


def tiled_places(stage: Stage, sides: Sides) -> Tiling:
    """Return how a map before the pool is kept: what each cell looks at is its own, pools that overlap have copies.

    The map's own memory is row · W + col; H · W for whatever a cell outside its map looks at; H · W + 1 for a place
    outside that a cell inside looks at.
    """
    (height, width, _), cells = stage.shape, [_reached(side.window)[None] for side in sides]
    places = memory(stage.shape, *(Walk.along(stage.pool, axis).seen_from(along) for axis, along in enumerate(cells)))
    places[places == height * width] = height * width + 1
    outside = _cells(stage, sides) == stage.cells_shape[0] * stage.cells_shape[1]
    return _tiling(np.where(outside, height * width, places), stage.shape, sides, stage.bias.device)


def tiled_cells(stage: Stage, sides: Sides) -> Tiling:
    """Return how a map of cells is kept. Its own memory is row · W + col, H · W outside of it."""
    return _tiling(_cells(stage, sides), stage.cells_shape, sides, stage.bias.device)


def _cells(stage: Stage, sides: Sides) -> np.ndarray:
    return memory(stage.cells_shape, *(_reached(side.window)[None, :, None] for side in sides))


def _reached(window: Window) -> np.ndarray:
    """Return every cell that lies in a window, int64."""
    return np.arange(window.first.min(), window.first.max() + window.extent)


def _tiling(rows: np.ndarray, shape: tuple[int, ...], sides: Sides, device: torch.device) -> Tiling:
    """Return a tiling of a map of `shape`.

    rows: int64 (1, 1, row of cells, row of the pool, col of cells, col of the pool).
    """
    _, _, high, down, across, each = rows.shape
    width = across * each
    first_row, first_col = (side.window.first - side.window.first.min() for side in sides)
    first = paired(first_row * down * width, first_col * each)
    starts = first[:, None] + np.arange(sides[0].window.extent * down) * width
    part = _part(rows.reshape(high * down, width), shape)
    return Tiling(torch.from_numpy(rows.ravel()).to(device), starts, sides[1].window.extent * each, part)


def _part(rows: np.ndarray, shape: tuple[int, ...]) -> Part | None:
    """Return what rows (rows, columns of the tiling) have of a map of `shape` (H, W, …), if it is one rectangle."""
    height, width = shape[:2]
    inside = rows < height * width
    (down, across), own = (np.flatnonzero(inside.any(axis)) for axis in (1, 0)), np.arange(height * width)
    here = slice(down[0], down[-1] + 1), slice(across[0], across[-1] + 1)
    top, left = divmod(int(rows[here][0, 0]), width)
    there = slice(top, top + len(down)), slice(left, left + len(across))
    as_it_is = inside[here].all() and np.array_equal(rows[here], own.reshape(height, width)[there])
    return Part(rows.shape, here, there) if as_it_is else None
