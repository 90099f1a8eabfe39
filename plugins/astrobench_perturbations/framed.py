"""Maps with a margin all around, so that every window on them is a few long runs of memory."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import torch

if TYPE_CHECKING:
    from astrobench_perturbations.blocks import Pair
    from astrobench_perturbations.spans import Span


class Corners(NamedTuple):
    """Where the blocks of n candidates begin, in pixels: int64 (n,) each, and the slots of their images."""

    slots: torch.Tensor
    rows: torch.Tensor
    cols: torch.Tensor


class Room(NamedTuple):
    """For how many images of how many pixels, (H, W), maps are kept, and in what."""

    slots: int
    pixels: Pair
    dtype: torch.dtype


class Framed:
    """The maps of images in slots. spans: the windows that are cut, along rows and columns."""

    def __init__(self, spans: tuple[Span, Span], shape: tuple[int, int, int], room: Room) -> None:
        """Keep maps of `shape` (H, W, C)."""
        (self.height, self.width, channels), self.spans = shape, spans
        self.top, below = spans[0].margins(room.pixels[0], self.height)
        self.left, right = spans[1].margins(room.pixels[1], self.width)
        size = self.top + self.height + below, self.left + self.width + right
        self.maps = torch.zeros(room.slots, *size, channels, dtype=room.dtype)
        self.inner = self.maps[:, self.top : self.top + self.height, self.left : self.left + self.width]

    def keep(self, slots: list[int], maps: torch.Tensor, outside: torch.Tensor) -> None:
        """Put maps (m, H, W, C) into slots. outside: what a cell of the margin holds, (C,)."""
        self.maps[slots] = outside
        self.inner[slots] = maps

    def cut(self, corners: Corners) -> torch.Tensor:
        """Return the window of each candidate, (n, rows, cols, C)."""
        _, height, width, channels = self.maps.shape
        rows, cols = self.places(corners)
        extent = self.spans[1].extent
        runs = self.maps.as_strided((len(self.maps) * height * width - extent + 1, extent * channels), (channels, 1))
        starts = ((corners.slots[:, None] * height + rows + self.top) * width + cols[:, :1] + self.left).view(-1)
        return runs.index_select(0, starts).view(len(rows), -1, extent, channels)

    def places(self, corners: Corners) -> tuple[torch.Tensor, torch.Tensor]:
        """Return which rows of the map are cut, int64 (n, rows), and which columns; some are outside of it."""
        return tuple(  # type: ignore[return-value] # two of them
            (begun // span.stride + span.first)[:, None] + torch.arange(span.extent)
            for begun, span in zip(corners[1:], self.spans, strict=True)
        )

    def inside(self, corners: Corners) -> torch.Tensor:
        """Return which cells of the windows are in the map, bool (n, rows, cols)."""
        rows, cols = self.places(corners)
        return ((rows >= 0) & (rows < self.height))[:, :, None] & ((cols >= 0) & (cols < self.width))[:, None]

    def pasted(self, corners: Corners, windows: torch.Tensor) -> torch.Tensor:
        """Return the whole maps of candidates, (n, H, W, C), with windows (n, rows, cols, C) in their places."""
        n, channels, size = len(windows), windows.shape[3], self.height * self.width
        rows, cols = self.places(corners)
        index = torch.arange(0, n * size, size)[:, None, None] + rows[:, :, None] * self.width + cols[:, None]
        index = torch.where(self.inside(corners), index, n * size)  # what is outside goes to one more row
        whole = windows.new_empty(n * size + 1, channels)
        maps = whole[:-1].view(n, self.height, self.width, channels)
        self._fill(maps, corners.slots)
        whole.index_copy_(0, index.view(-1), windows.reshape(-1, channels))
        return maps

    def _fill(self, maps: torch.Tensor, slots: torch.Tensor) -> None:
        """Write clean maps, one image after the other: candidates of one image are neighbours."""
        ends = [*(torch.nonzero(slots.diff())[:, 0] + 1).tolist(), len(slots)]
        for start, end in pairwise([0, *ends]):
            maps[start:end] = self.inner[int(slots[start])]
