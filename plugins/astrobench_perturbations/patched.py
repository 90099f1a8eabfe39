"""Whole images through the stages of a network, but for the first stages, recomputed near the changed pixel only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from astrobench_perturbations.dense import in_parts
from astrobench_perturbations.framed import Corners, Room
from astrobench_perturbations.patch import Patch
from astrobench_perturbations.replaced import replace_pixels
from astrobench_perturbations.spans import sides_along
from astrobench_perturbations.stages import INPUT
from astrobench_perturbations.whole import Whole

if TYPE_CHECKING:
    from astrobench_perturbations.evolution import Pixels
    from astrobench_perturbations.stages import Stages

TOGETHER = 100
"""Images a forward pass takes: as fast as any size about it, and the published population is four of it."""

Maps = dict[int, torch.Tensor]
"""What is known of each stage by its number, rows, columns and channels last."""


class Patched:
    """Candidates in micro-batches, see `in_parts`. On a CPU."""

    def __init__(self, network: Stages, near: int, room: Room) -> None:
        """Recompute the first `near` stages near the pixel, in the dtype of the room."""
        self.network, self.near = network, near
        (down, rows), (across, cols) = (sides_along(network.stages[:near], axis) for axis in (0, 1))
        self.block = down, across
        self.patches = [Patch(*each, room) for each in zip(network.stages, zip(rows, cols, strict=True), strict=False)]
        self.wholes = [Whole(stage, room.dtype) for stage in network.stages]
        self.felt = {term.source for stage in network.stages[:near] for term in stage.terms}
        self.last = {term.source: number for number, stage in enumerate(network.stages) for term in stage.terms}
        channels = network.stages[0].terms[0].weight.shape[1]
        self.images, self.dtype = torch.zeros(room.slots, channels, *room.pixels), room.dtype

    def keep(self, slots: list[int], images: torch.Tensor) -> None:
        """Put clean images, float32 (m, C, H, W), into slots."""
        self.images[slots] = images
        for at in range(len(slots)):  # see `by_image`
            self._keep(slots[at : at + 1], images[at : at + 1].permute(0, 2, 3, 1))

    def _keep(self, slots: list[int], images: torch.Tensor) -> None:
        maps = {INPUT: images}
        for number, patch in enumerate(self.patches):
            maps[number] = patch.keep(slots, patch.stage.linear(maps))

    def logits(self, slots: torch.Tensor, pixels: Pixels) -> torch.Tensor:
        """Return the logits, float32 (n, K), of the image in slots[i] with its pixel, or several, replaced."""
        return in_parts(self._forward, TOGETHER, slots, pixels)

    def _forward(self, slots: torch.Tensor, pixels: Pixels) -> torch.Tensor:
        maps, begun = (self._near(slots, pixels), self.near) if pixels.rows.ndim == 1 else (Maps(), 0)
        if self.last[INPUT] >= begun:
            images = replace_pixels(self.images[slots], pixels)
            maps[INPUT] = images.to(self.dtype, memory_format=torch.channels_last).permute(0, 2, 3, 1)
        for number, whole in enumerate(self.wholes[begun:], begun):
            maps[number] = whole(maps)
            maps = {source: cells for source, cells in maps.items() if self.last.get(source, number + 1) > number}
        return self._read(maps[number])

    def _near(self, slots: torch.Tensor, pixels: Pixels) -> Maps:
        """Return the maps of candidates, (n, H, W, C), that the first `near` stages leave to those after them."""
        corners, deltas = self._changed(slots, pixels)
        maps = Maps()
        for number, patch in enumerate(self.patches):
            cells = patch.changed(corners, [deltas[term.source] for term in patch.stage.terms])
            if self.last[number] >= self.near:
                maps[number] = patch.cells.pasted(corners, cells)
            if number in self.felt:
                deltas[number] = patch.delta(corners, cells)
        return maps

    def _changed(self, slots: torch.Tensor, pixels: Pixels) -> tuple[Corners, Maps]:
        """Return the blocks that hold the changed pixels, and how much these change, (n, rows, cols, C)."""
        rows, cols, values = pixels
        corners = Corners(
            slots, *(place - place % block for place, block in zip((rows, cols), self.block, strict=True))
        )
        block = torch.zeros(len(slots), *self.block, values.shape[1], dtype=self.dtype)
        change = (values - self.images[slots, :, rows, cols]).to(self.dtype)
        block[torch.arange(len(slots)), rows - corners.rows, cols - corners.cols] = change
        return corners, {INPUT: block}

    def _read(self, cells: torch.Tensor) -> torch.Tensor:
        """Return the logits, float32 (n, K), of the last cells (n, H, W, C)."""
        network = self.network
        numbers = torch.addmm(network.bias, cells.float().reshape(len(cells), -1), network.readout.flatten(1).T)
        for step in network.tail:
            numbers = step(numbers)
        return numbers
