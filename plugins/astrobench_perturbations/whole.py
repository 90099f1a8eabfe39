"""One stage of a network recomputed all over its map, in any precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from astrobench_perturbations.rowwise import Rowwise
from astrobench_perturbations.stages import Grid

if TYPE_CHECKING:
    from astrobench_perturbations.stages import Stage, Term

NARROW = 8
"""Columns of a map up to which convolutions are `Rowwise`, as measured where bfloat16 is multiplied in tiles (AMX)."""


class Whole:
    """A stage in a dtype. Axes: m images, H, W rows and columns, C channels."""

    def __init__(self, stage: Stage, dtype: torch.dtype) -> None:
        self.stage, self.bias = stage, stage.bias.to(dtype)
        self.alike = [term.source for term in stage.terms if is_identity(term)]
        kind = Rowwise if stage.shape[1] <= NARROW else Mapwise
        self.others = [(term.source, kind(term, stage.shape, dtype)) for term in stage.terms if not is_identity(term)]

    def __call__(self, maps: dict[int, torch.Tensor]) -> torch.Tensor:
        """Return the cells, (m, H', W', C'), of the cells of the stages before."""
        total = self.bias
        for source in self.alike:
            total = maps[source] + total
        for source, felt in self.others:
            total = felt(maps[source], total)
        return self.stage.finished(total)


class Mapwise:
    """A term of a stage, as torch convolves."""

    def __init__(self, term: Term, shape: tuple[int, int, int], dtype: torch.dtype) -> None:
        self.grid, self.weight = term.grid, term.weight.to(dtype).to(memory_format=torch.channels_last)

    def __call__(self, maps: torch.Tensor, total: torch.Tensor) -> torch.Tensor:
        """Return what maps (m, H, W, C) give, added to total, (C_out,) or (m, H', W', C_out)."""
        (_, stride, padding, dilation), bias = self.grid, total if total.ndim == 1 else None
        found = functional.conv2d(maps.permute(0, 3, 1, 2), self.weight, bias, stride, padding, dilation)
        added = found.permute(0, 2, 3, 1)
        return added if bias is not None else added.add_(total)


def is_identity(term: Term) -> bool:
    """Return whether a term is its source as it is."""
    weight = term.weight
    if term.grid != Grid((1, 1)) or weight.shape[0] != weight.shape[1]:
        return False
    return torch.equal(weight[:, :, 0, 0], torch.eye(len(weight), dtype=weight.dtype, device=weight.device))
