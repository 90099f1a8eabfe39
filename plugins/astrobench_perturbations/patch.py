"""One stage recomputed around the changed pixel of each candidate, all candidates in one convolution."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from astrobench_perturbations.framed import Framed
from astrobench_perturbations.stages import through
from astrobench_perturbations.whole import is_identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench_perturbations.framed import Corners, Room
    from astrobench_perturbations.spans import Side
    from astrobench_perturbations.stages import Grid, Stage

FAR = -1e30
"""Stands where there is no map. What is added to it is lost in rounding, so that a cell outside never changes."""


class Patch:
    """A stage seen from a block of pixels. Axes: n candidates, then rows, columns and channels of a window."""

    def __init__(self, stage: Stage, sides: tuple[Side, Side], room: Room) -> None:
        """Keep what a stage makes of clean images. sides: the stage along rows and columns."""
        self.stage, self.sides = stage, sides
        self.weights = [None if is_identity(term) else term.weight.to(room.dtype) for term in stage.terms]
        self.places = Framed((sides[0].places, sides[1].places), stage.shape, room)
        self.cells = Framed((sides[0].cells, sides[1].cells), stage.cells_shape, room)

    def keep(self, slots: list[int], linear: torch.Tensor) -> None:
        """Keep the linear parts of images, float32 (m, H, W, C), and their cells."""
        rounded = linear.to(self.places.maps.dtype)
        far = rounded.new_full((rounded.shape[3],), FAR)
        self.places.keep(slots, rounded, far)
        outside = through((*self.stage.before, *self.stage.after), far.clone())
        self.cells.keep(slots, self.stage.cells(rounded), outside)

    def changed(self, corners: Corners, deltas: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the new cells of the windows. deltas: how much the windows of each term's source change."""
        value = self.places.cut(corners)
        for number, delta in enumerate(deltas):
            down, across = (side.feeds[number] for side in self.sides)
            felt = self._felt(number, functional.pad(delta, (0, 0, *across.around, *down.around)))
            value[:, down.at : down.at + felt.shape[1], across.at : across.at + felt.shape[2]] += felt
        value = through(self.stage.before, value)
        return through(self.stage.after, value if self.stage.pool is None else highest(value, self.stage.pool))

    def delta(self, corners: Corners, cells: torch.Tensor) -> torch.Tensor:
        """Return how much the windows change, given their new cells; what is outside of the map does not."""
        change = cells - self.cells.cut(corners)
        return change if self.stage.pool is None else change.mul_(self.cells.inside(corners)[..., None])

    def _felt(self, number: int, delta: torch.Tensor) -> torch.Tensor:
        """Return what changes of a source, zeros around them, mean for the places that see them."""
        weight, grid = self.weights[number], self.stage.terms[number].grid
        if weight is None:
            return delta
        maps = functional.conv2d(delta.permute(0, 3, 1, 2), weight, None, grid.stride, 0, grid.dilation)
        return maps.permute(0, 2, 3, 1)


def highest(maps: torch.Tensor, pool: Grid) -> torch.Tensor:
    """Return the maximum of each step of a pool, (m, H', W', C), of maps (m, H, W, C) that its padding is part of."""
    down, across = (_seen(maps.shape[axis + 1], pool, axis) for axis in (0, 1))
    rows = reduce(torch.maximum, [maps[:, places] for places in down])
    return reduce(torch.maximum, [rows[:, :, places] for places in across])


def _seen(length: int, pool: Grid, axis: int) -> list[slice]:
    """Return the places that the steps see first, second, …"""
    stride, apart = pool.stride[axis], pool.dilation[axis]
    end = pool._replace(padding=(0, 0)).steps(axis, length) * stride
    return [slice(first, first + end, stride) for first in range(0, pool.size[axis] * apart, apart)]
