"""One stage, made ready to be recomputed only where a changed pixel is felt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from astrobench_perturbations.bands import Band, bands_of
from astrobench_perturbations.tables import cells_of, kinds_of, places_of, windows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from astrobench_perturbations.routes import Route
    from astrobench_perturbations.stages import Stage
    from astrobench_perturbations.tables import Sides

FAR = 1e30
"""Stands where there is no map. What is added to it is lost in rounding, so that a cell outside never changes."""


@dataclass(frozen=True, eq=False)
class Local:
    """A stage seen from a pixel; its tables are those of `tables` and `bands`, on the network's device.

    extent: rows and columns of cells in a window.
    """

    stage: Stage
    extent: tuple[int, int]
    kinds: np.ndarray
    windows: np.ndarray
    bands: tuple[tuple[Band, ...], ...]
    places: torch.Tensor
    cells: torch.Tensor

    @classmethod
    def of(cls, stage: Stage, sides: Sides) -> Local:
        """Make a stage ready."""
        places, cells = (torch.from_numpy(table(stage, sides)).to(stage.bias.device) for table in (places_of, cells_of))
        extent = sides[0].window.extent, sides[1].window.extent
        return cls(stage, extent, kinds_of(sides), windows_of(sides), bands_of(stage, sides), places, cells)

    def kept(self, linear: torch.Tensor, cells: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return what is gathered from: images' linear parts and cells, float32 (m, H, W, C), as rows of memory.

        (m, H · W + 2, C) and (m, H · W + 1, C), each with what stands outside of its map at its end.
        """
        m, channels = len(linear), linear.shape[3]
        far = linear.new_tensor([FAR, -FAR])[:, None].expand(m, 2, channels)
        size = self.stage.pool.size if self.stage.pool else (1, 1)
        outside = self.stage.taken(linear.new_full((m, size[0] * size[1], channels), FAR), 1, 1)
        return torch.cat([linear.flatten(1, 2), far], 1), torch.cat([cells.flatten(1, 2), outside], 1)

    def changes(
        self, image: tuple[torch.Tensor, torch.Tensor], deltas: Sequence[torch.Tensor], route: Route
    ) -> torch.Tensor:
        """Return how much the cells of n windows change, float32 (n, cells · C).

        image: its rows as `kept`, of the linear part and of the cells, (rows, C) each. deltas: how much each
        term's source changes, (n, its cells · C), in the order of the route.
        """
        window = torch.from_numpy(route.window).to(self.places.device)
        linear, cells = (
            rows.index_select(0, table.index_select(0, window).view(-1))
            for rows, table in zip(image, (self.places, self.cells), strict=True)
        )
        self._add(linear.view(len(window), -1), deltas, route.ends)
        value = self.stage.taken(linear.view(len(window), -1, cells.shape[1]), *self.extent)
        return value.sub_(cells.view_as(value)).view(len(window), -1)

    def _add(self, places: torch.Tensor, deltas: Sequence[torch.Tensor], ends: Sequence[int]) -> None:
        """Add to the places, (n, places · C), what each term's change means for them, kind by kind."""
        start = 0
        for bands, end in zip(self.bands, ends, strict=True):
            if start < end:
                here = places.narrow(0, start, end - start)
                changed = [delta.narrow(0, start, end - start) for delta in deltas]
                for term, inward, outward, matrix in bands:
                    there = here.narrow(1, outward, matrix.shape[1])
                    there.addmm_(changed[term].narrow(1, inward, matrix.shape[0]), matrix)
            start = end
