"""The last step of a cone: what the changed cells count for the numbers that are linear in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    Reader = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

MOST_GATHERED = 16
"""Numbers (F) up to which each window's weights are gathered; beyond, one product over the whole map is cheaper."""


def reader(readout: torch.Tensor, cells: torch.Tensor) -> Reader:
    """Return a function of (window u int64 (n,), changes float32 (n, cells · C)) → changes of the F numbers, (n, F).

    readout: float32 (F, H, W, C). cells: int32 (u, cells), H · W for a cell outside the map, which counts nothing.
    """
    numbers, height, width, channels = readout.shape
    rows = readout.permute(1, 2, 3, 0).reshape(height * width, channels, numbers)
    rows = torch.cat([rows, rows.new_zeros(1, channels, numbers)])
    return _gathering(rows, cells) if numbers <= MOST_GATHERED else _scattering(rows, cells)


def _gathering(rows: torch.Tensor, cells: torch.Tensor) -> Reader:
    weights = rows[cells.long()].flatten(1, 2).transpose(1, 2).contiguous()  # (u, F, cells · C)

    def read(window: torch.Tensor, changes: torch.Tensor) -> torch.Tensor:
        return weights.index_select(0, window).mul_(changes[:, None]).sum(2)

    return read


def _scattering(rows: torch.Tensor, cells: torch.Tensor) -> Reader:
    places, channels, _ = rows.shape
    weight = rows.flatten(0, 1)

    def read(window: torch.Tensor, changes: torch.Tensor) -> torch.Tensor:
        n = len(changes)
        index = cells.index_select(0, window).long()[:, :, None].expand(-1, -1, channels)
        whole = changes.new_zeros(n, places, channels).scatter_(1, index, changes.view(n, -1, channels))
        return whole.view(n, -1) @ weight

    return read
