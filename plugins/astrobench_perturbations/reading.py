"""The last step of a cone: what the changed cells count for the numbers that are linear in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from astrobench_perturbations.tiling import Tiling

    Reader = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

MOST_GATHERED = 16
"""Numbers (F) up to which each window's weights are gathered; beyond, one product over the whole map is cheaper."""


def reader(readout: torch.Tensor, cells: Tiling) -> Reader:
    """Return a function of (starts int64 (n · k,), changes float32 (n, cells · C)) → changes of the F numbers, (n, F).

    readout: float32 (F, H, W, C). cells: how the last map of cells is kept; what lies outside of it counts nothing.
    starts: where the runs of the changed windows begin.
    """
    laid = cells.laid(readout, readout.new_zeros(1, readout.shape[3]))
    return (_gathering if len(readout) <= MOST_GATHERED else _scattering)(laid, cells)


def _gathering(weights: torch.Tensor, cells: Tiling) -> Reader:
    """Return a reader. weights: float32 (F, R, C), laid like the cells."""
    numbers, rows, channels = weights.shape
    runs = cells.runs(weights.view(1, numbers * rows, channels))[0]
    of_numbers = torch.arange(0, numbers * rows, rows, device=weights.device)[:, None]

    def read(starts: torch.Tensor, changes: torch.Tensor) -> torch.Tensor:
        n = len(changes)
        every = (starts.view(n, 1, -1) + of_numbers).view(-1)
        return runs.index_select(0, every).view(n, numbers, -1).mul_(changes[:, None]).sum(2)

    return read


def _scattering(weights: torch.Tensor, cells: Tiling) -> Reader:
    _, rows, channels = weights.shape
    weight, along = weights.flatten(1).T.contiguous(), torch.arange(cells.run, device=weights.device)

    def read(starts: torch.Tensor, changes: torch.Tensor) -> torch.Tensor:
        n = len(changes)
        index = (starts[:, None] + along).view(n, -1, 1).expand(-1, -1, channels)
        whole = changes.new_zeros(n, rows, channels).scatter_(1, index, changes.view(n, -1, channels))
        return whole.view(n, -1) @ weight

    return read
