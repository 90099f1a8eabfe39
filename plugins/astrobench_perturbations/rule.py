"""How a search goes: its numbers, and what they mean for images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from astrobench_perturbations.evolution import OutOfRange, decode, decode_many

if TYPE_CHECKING:
    import torch

    from astrobench_perturbations.evolution import Pixels

CANDIDATES_AT_ONCE, CANDIDATES_ON_CUDA = 4096, 32768


@dataclass(frozen=True)
class Rule:
    """How a search goes, see `one_pixel`. bounds: the lowest and highest value a pixel may take. pixels: how many."""

    population: int
    generations: int
    weight: float
    out_of_range: OutOfRange
    bounds: tuple[float, float]
    pixels: int = 1
    targeted: bool = True
    only_correct: bool = True

    def read(self, genomes: torch.Tensor, shape: tuple[int, int]) -> Pixels:
        """Return the pixels of genomes (n, D) in images of `shape` (H, W)."""
        if self.pixels == 1:
            return decode(genomes, shape, self.bounds)
        return decode_many(genomes, self.pixels, shape, self.bounds)

    def slots(self, device: torch.device) -> int:
        """Return how many images are attacked side by side on a device."""
        candidates = CANDIDATES_ON_CUDA if device.type == "cuda" else CANDIDATES_AT_ONCE
        return max(candidates // self.population, 1)
