"""The evaluator for convolutional networks: only what one pixel changes is computed, exact to rounding.

A pixel touches a few cells of the first stage, those touch a few of the next, and so on: the cone of the pixel. Each
image's maps are kept; a candidate gathers the windows it can change, adds the change that comes from the stage
before, takes maximum and function, and passes on the difference to what was there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from astrobench_perturbations.dense import by_image
from astrobench_perturbations.local import Local
from astrobench_perturbations.reading import reader
from astrobench_perturbations.routes import routes
from astrobench_perturbations.stages import INPUT
from astrobench_perturbations.tables import sides_of

if TYPE_CHECKING:
    import numpy as np

    from astrobench_perturbations.evolution import Pixels
    from astrobench_perturbations.routes import Route
    from astrobench_perturbations.stages import Stages

TOGETHER = 512
"""Most candidates in one go: what they gather should stay in the cache of a core."""


class Cone:
    """Candidates through the stages of a network. Axes: n candidates, each of the image in one slot."""

    code = 1

    def __init__(self, network: Stages, slots: int, shape: tuple[int, int, int]) -> None:
        """Keep room for `slots` images of shape (C, H, W)."""
        channels, height, width = shape
        sides = sides_of(network.stages, height, width)
        self.network, self.width = network, width
        self.locals = [Local.of(stage, side) for stage, side in zip(network.stages, sides, strict=True)]
        self.needed = {term.source: number for number, stage in enumerate(network.stages) for term in stage.terms}
        self.read = reader(network.readout, self.locals[-1].cells)
        room = network.readout.new_zeros
        self.images = room(slots, height * width, channels)
        self.numbers = room(slots, len(network.bias))
        self.rooms = [local.room(slots) for local in self.locals]
        self.runs = [
            (local.places.runs(places), local.cells.runs(cells))
            for local, (places, cells) in zip(self.locals, self.rooms, strict=True)
        ]

    def place(self, slots: list[int], images: torch.Tensor) -> torch.Tensor:
        """Put clean images, float32 (m, C, H, W), into slots and return their logits, float32 (m, K)."""
        for at in range(len(slots)):  # see `by_image`
            self._place(slots[at : at + 1], images[at : at + 1].permute(0, 2, 3, 1))
        return torch.cat([self._ended(self.numbers[[slot]]) for slot in slots])

    def _place(self, slots: list[int], images: torch.Tensor) -> None:
        maps = {INPUT: images}
        self.images[slots] = images.flatten(1, 2)
        for number, (stage, local) in enumerate(zip(self.network.stages, self.locals, strict=True)):
            maps[number] = local.keep(self.rooms[number], slots, stage.linear(maps))
        self.numbers[slots] = torch.einsum("fhwc,mhwc->mf", self.network.readout, maps[number]) + self.network.bias

    def logits(self, slots: torch.Tensor, pixels: Pixels) -> torch.Tensor:
        """Return the logits, float32 (n, K), of the image in slots[i] with one pixel replaced by pixels[i]."""
        place = pixels.rows * self.width + pixels.cols
        held, where = slots.cpu().numpy(), place.cpu().numpy()
        parts = _parts(held)
        ways, order = routes(self.locals, where, parts)
        values = pixels.values - self.images.flatten(0, 1).index_select(0, slots * self.images.shape[1] + place)
        found = [self._numbers(int(held[at.start]), values[at], way) for at, *way in zip(parts, *ways, strict=True)]
        numbers = torch.empty_like(joined := torch.cat(found))
        numbers[torch.from_numpy(order).to(numbers.device)] = joined
        return torch.cat([self._ended(numbers[at].clone()) for at in parts])  # of like alignment

    def _ended(self, numbers: torch.Tensor) -> torch.Tensor:
        """Return the logits, float32 (n, K), of the numbers that are read, float32 (n, F)."""
        for step in self.network.tail:
            numbers = step(numbers)
        return numbers

    def _numbers(self, slot: int, values: torch.Tensor, way: list[Route]) -> torch.Tensor:
        """Return the numbers that are read, float32 (n, F), in the order of the last stage, for one image.

        values: float32 (n, C), how much the pixel itself changes.
        """
        changes = {INPUT: values}
        for number, (local, route) in enumerate(zip(self.locals, way, strict=True)):
            changes = {k: v.index_select(0, route.turn) for k, v in changes.items() if self.needed[k] >= number}
            image = self.runs[number][0][slot], self.runs[number][1][slot]
            changes[number] = local.changes(image, [changes[term.source] for term in local.stage.terms], route)
        return self.read(route.starts[1], changes[number]).add_(self.numbers[slot])


def _parts(slots: np.ndarray) -> list[slice]:
    """Cut candidates into parts of one image each."""
    return [slice(at, min(at + TOGETHER, r.stop)) for r in by_image(slots) for at in range(r.start, r.stop, TOGETHER)]
