"""One stage, made ready to be recomputed only where a changed pixel is felt."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from astrobench_perturbations.bands import Band, bands_of
from astrobench_perturbations.tables import kinds_of
from astrobench_perturbations.tiling import Tiling, tiled_cells, tiled_places

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import torch

    from astrobench_perturbations.routes import Route
    from astrobench_perturbations.stages import Stage
    from astrobench_perturbations.tables import Sides

FAR = 1e30
"""Stands where there is no map. What is added to it is lost in rounding, so that a cell outside never changes."""


@dataclass(frozen=True, eq=False)
class Local:
    """A stage seen from a pixel.

    extent: rows and columns of cells in a window. kinds: see `tables`. bands: see `bands_of`. places, cells: how its
    maps before the pool and after are kept.
    """

    stage: Stage
    extent: tuple[int, int]
    kinds: np.ndarray
    bands: tuple[tuple[Band, ...], ...]
    places: Tiling
    cells: Tiling

    @classmethod
    def of(cls, stage: Stage, sides: Sides) -> Local:
        """Make a stage ready."""
        extent = sides[0].window.extent, sides[1].window.extent
        tilings = tiled_places(stage, sides), tiled_cells(stage, sides)
        return cls(stage, extent, kinds_of(sides), bands_of(stage, sides), *tilings)

    @cached_property
    def margins(self) -> tuple[torch.Tensor, torch.Tensor]:
        """What stands where there is no map: for places outside of it (2, C), see `tiled_places`, for cells (1, C)."""
        size, channels = self.stage.pool.size if self.stage.pool else (1, 1), self.stage.shape[2]
        far = self.stage.bias.new_tensor([FAR, -FAR])[:, None].expand(2, channels)
        return far, self.stage.taken(far[:1, None].repeat(1, size[0] * size[1], 1), 1, 1)[0]

    def room(self, slots: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return room for places and for cells of `slots` images, float32 (slots, R, C) each."""
        blank = self.stage.bias.new_zeros(1, *self.stage.shape), self.stage.bias.new_zeros(1, *self.stage.cells_shape)
        places, cells = (
            tiling.laid(zeros, margin).repeat(slots, 1, 1)
            for tiling, zeros, margin in zip((self.places, self.cells), blank, self.margins, strict=True)
        )
        return places, cells

    def keep(
        self, rooms: tuple[torch.Tensor, torch.Tensor], slots: Sequence[int], linear: torch.Tensor
    ) -> torch.Tensor:
        """Put images' linear parts, float32 (m, H, W, C), and their cells into slots of the two rooms.

        Returns the cells, float32 (m, H', W', C), which may be written over what was linear.
        """
        self.places.lay(linear, self.margins[0], rooms[0], slots)
        cells = self.stage.finished(linear)
        self.cells.lay(cells, self.margins[1], rooms[1], slots)
        return cells

    def changes(
        self, image: tuple[torch.Tensor, torch.Tensor], deltas: Sequence[torch.Tensor], route: Route
    ) -> torch.Tensor:
        """Return how much the cells of n windows change, float32 (n, cells · C).

        image: the runs of what is kept of it, places and cells, (·, run · C) each. deltas: how much each term's
        source changes, (n, its cells · C), in the order of the route.
        """
        n = len(route.turn)
        places, cells = (runs.index_select(0, starts) for runs, starts in zip(image, route.starts, strict=True))
        self._add(places.view(n, -1), deltas, route.ends)
        value = self.stage.taken(places.view(n, -1, self.stage.shape[2]), *self.extent)
        return value.view(n, -1).sub_(cells.view(n, -1))

    def _add(self, places: torch.Tensor, deltas: Sequence[torch.Tensor], ends: Sequence[int]) -> None:
        """Add to the places, (n, places · C), what each term's change means for them, kind by kind."""
        start = 0
        for bands, end in zip(self.bands, ends, strict=True):
            if start < end:
                for term, inward, outward, matrix in bands:
                    height, width = matrix.shape
                    changed = _block(deltas[term], start, end, inward, height)
                    _block(places, start, end, outward, width).addmm_(changed, matrix)
            start = end


def _block(rows: torch.Tensor, start: int, end: int, at: int, width: int) -> torch.Tensor:
    """Return rows[start:end, at : at + width] of rows that fill their memory, as one view: cheaper than two."""
    length = rows.shape[1]
    return rows.as_strided((end - start, width), (length, 1), start * length + at)
