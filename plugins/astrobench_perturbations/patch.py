"""One stage recomputed around the changed pixel of each candidate, all candidates in one convolution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional

from astrobench_perturbations.blocks import highest
from astrobench_perturbations.framed import Framed
from astrobench_perturbations.local import FAR
from astrobench_perturbations.stages import through
from astrobench_perturbations.whole import is_identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from astrobench_perturbations.framed import Corners, Room
    from astrobench_perturbations.spans import Side
    from astrobench_perturbations.stages import Stage


class Patch:
    """A stage seen from a block of pixels. Axes: n candidates, then rows, columns and channels of a window."""

    def __init__(self, stage: Stage, sides: tuple[Side, Side], room: Room) -> None:
        """Keep what a stage makes of clean images. sides: the stage along rows and columns."""
        self.stage, self.sides = stage, sides
        self.weights = [None if is_identity(term) else term.weight.to(room.dtype) for term in stage.terms]
        self.places = Framed((sides[0].places, sides[1].places), stage.shape, room)
        self.cells = Framed((sides[0].cells, sides[1].cells), stage.cells_shape, room)

    def keep(self, slots: list[int], linear: torch.Tensor) -> torch.Tensor:
        """Keep the linear parts of images, float32 (m, H, W, C), and their cells; return the cells in float32."""
        rounded = linear.to(self.places.maps.dtype, copy=True)
        far = rounded.new_full((rounded.shape[3],), -FAR)
        self.places.keep(slots, rounded, far)
        outside = through((*self.stage.before, *self.stage.after), far.clone())
        self.cells.keep(slots, self.stage.finished(rounded), outside)
        return self.stage.finished(linear)

    def changed(self, corners: Corners, deltas: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return the new cells of the windows. deltas: how much the windows of each term's source change."""
        value = self.places.cut(corners)
        for number, delta in enumerate(deltas):
            down, across = (side.feeds[number] for side in self.sides)
            felt = self._felt(number, functional.pad(delta, (0, 0, *across.around, *down.around)))
            value[:, down.at : down.at + felt.shape[1], across.at : across.at + felt.shape[2]] += felt
        value = through(self.stage.before, value)
        if (pool := self.stage.pool) is not None:  # its padding is part of the window
            value = highest(value, pool.size, pool.stride, pool.dilation)
        return through(self.stage.after, value)

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
