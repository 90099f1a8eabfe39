"""A convolutional network as stages: what is linear in a stage, then what is not, and only that within one pixel.

Axes: m images, H, W rows and columns, C channels, always last; a cell is one pixel of a stage's output map.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch.nn import functional

from astrobench_perturbations.blocks import Pair, highest

if TYPE_CHECKING:
    from collections.abc import Callable

INPUT = -1
"""The number of the image itself, where a stage is asked for as a source."""


class Grid(NamedTuple):
    """How a kernel or a pool walks over a map, for (rows, columns)."""

    size: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)

    def steps(self, axis: int, length: int) -> int:
        """Return how many steps fit along an axis of the given length."""
        reach = self.dilation[axis] * (self.size[axis] - 1)
        return (length + 2 * self.padding[axis] - reach - 1) // self.stride[axis] + 1


class Pointwise(NamedTuple):
    """A function of each number, channels last. rising: it never falls, so it commutes with a maximum.

    It may write into what it is given, and returns its answer.
    """

    function: Callable[[torch.Tensor], torch.Tensor]
    rising: bool


@dataclass(frozen=True, eq=False)
class Term:
    """A convolution of an earlier stage's cells. weight: float32 (C_out, C_in, *grid.size)."""

    source: int
    weight: torch.Tensor
    grid: Grid

    def __call__(self, cells: torch.Tensor, bias: torch.Tensor | None = None) -> torch.Tensor:
        """Return float32 (m, H', W', C_out) of cells float32 (m, H, W, C_in)."""
        grid = self.grid
        mapped = functional.conv2d(
            cells.permute(0, 3, 1, 2), self.weight, bias, grid.stride, grid.padding, grid.dilation
        )
        return mapped.permute(0, 2, 3, 1)


@dataclass(frozen=True, eq=False)
class Stage:
    """cells = after(max over pool(before(Σ terms + bias))). shape: (H, W, C) before the pool."""

    terms: tuple[Term, ...]
    bias: torch.Tensor
    shape: tuple[int, int, int]
    before: tuple[Pointwise, ...] = ()
    pool: Grid | None = None
    after: tuple[Pointwise, ...] = ()

    @property
    def is_linear(self) -> bool:
        """Whether nothing but the terms acts so far."""
        return not (self.before or self.pool or self.after)

    @property
    def cells_shape(self) -> tuple[int, int, int]:
        """(H, W, C) of the cells."""
        if self.pool is None:
            return self.shape
        return self.pool.steps(0, self.shape[0]), self.pool.steps(1, self.shape[1]), self.shape[2]

    def linear(self, cells: dict[int, torch.Tensor]) -> torch.Tensor:
        """Return the linear part, float32 (m, H, W, C), of the cells of the stages before."""
        first, *others = self.terms
        total = first(cells[first.source], self.bias)
        for term in others:
            total = total + term(cells[term.source])
        return total

    def finished(self, linear: torch.Tensor) -> torch.Tensor:
        """Return the cells, (m, H', W', C), of a linear part that nobody else needs, in its own dtype, written over."""
        value = through(self.before, linear)
        if self.pool is not None:
            value = _max_pool(value, self.pool)
        return through(self.after, value)

    def taken(self, linear: torch.Tensor, rows: int, cols: int) -> torch.Tensor:
        """Return cells, float32 (n, rows · cols, C), of the linear part at the places of windows of rows · cols cells.

        linear: (n, places, C), the places being (row, row of the pool, col, col of the pool), written over.
        """
        n, _, channels = linear.shape
        down, across = self.pool.size if self.pool else (1, 1)
        value = through(self.before, linear).view(n, rows, down, cols * across * channels)
        value = _highest(value, 2).view(n, rows * cols, across, channels)
        return through(self.after, _highest(value, 2))


@dataclass(frozen=True, eq=False)
class Stages:
    """A whole network: stages, then F numbers that are linear in the last cells, then a tail that makes logits of them.

    readout: float32 (F, H, W, C), what each cell counts. bias: float32 (F,).
    """

    stages: tuple[Stage, ...]
    readout: torch.Tensor
    bias: torch.Tensor
    tail: tuple[Callable[[torch.Tensor], torch.Tensor], ...] = ()


def through(steps: tuple[Pointwise, ...], value: torch.Tensor) -> torch.Tensor:
    """Apply one function after the other."""
    for step in steps:
        value = step.function(value)
    return value


def _highest(value: torch.Tensor, axis: int) -> torch.Tensor:
    """Return the maximum over a short axis: faster, number by number, than a reduction."""
    return reduce(torch.maximum, value.unbind(axis))


def _max_pool(maps: torch.Tensor, grid: Grid) -> torch.Tensor:
    if grid == Grid(grid.size, stride=grid.size):
        return highest(maps, grid.size, grid.stride)
    return functional.max_pool2d(maps.permute(0, 3, 1, 2), *grid).permute(0, 2, 3, 1)
