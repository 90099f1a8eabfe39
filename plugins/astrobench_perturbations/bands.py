"""A convolution between two small windows as a few dense products: the parts of its matrix that are not zero."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import torch

if TYPE_CHECKING:
    import numpy as np

    from astrobench_perturbations.stages import Stage
    from astrobench_perturbations.tables import Sides

WORTH_A_CUT = 0.75
"""Bands are used where they hold at most this share of the whole matrix: several products cost more than one."""


class Band(NamedTuple):
    """places[:, outward:] += changes of the term's source[:, inward:] @ matrix, as far as the float32 matrix goes."""

    term: int
    inward: int
    outward: int
    matrix: torch.Tensor


def bands_of(stage: Stage, sides: Sides) -> tuple[tuple[Band, ...], ...]:
    """Return what each kind of pixel, see `tables.kinds_of`, multiplies a stage's sources by.

    A source's window is (row, col, C_in); a window's places are (row of cells, row of the pool, col of cells,
    col of the pool, C_out). Each row of a source reaches few rows of places, hence the bands; equal matrices
    are kept once, so that they stay in the cache.
    """
    kept: dict[tuple[torch.Size, bytes], torch.Tensor] = {}
    return tuple(
        tuple(
            band._replace(matrix=kept.setdefault(_content(band.matrix), band.matrix))
            for number, (term, *selected) in enumerate(zip(stage.terms, rows, cols, strict=True))
            for band in _cut(number, _matrix(term.weight, *selected), len(selected[0]))
        )
        for rows, cols in product(sides[0].selections, sides[1].selections)
    )


def _matrix(weight: torch.Tensor, rows: np.ndarray, cols: np.ndarray) -> torch.Tensor:
    """Return a whole convolution (source window, places). rows, cols: bool (j, a, i, t), see `Along`."""
    selected = [torch.from_numpy(side).to(weight) for side in (rows, cols)]
    matrix = torch.einsum("jait,kbls,octs->jkcialbo", *selected, weight)
    return matrix.reshape(rows.shape[0] * cols.shape[0] * weight.shape[1], -1).contiguous()


def _cut(term: int, matrix: torch.Tensor, rows: int) -> list[Band]:
    height = len(matrix) // rows
    cut = [_band(term, matrix, at, height) for at in range(0, len(matrix), height)]
    if sum(band.matrix.numel() for band in cut) <= WORTH_A_CUT * matrix.numel():
        return [band for band in cut if band.matrix.numel()]
    return [Band(term, 0, 0, matrix)]


def _band(term: int, matrix: torch.Tensor, inward: int, height: int) -> Band:
    rows = matrix[inward : inward + height]
    used = rows.any(0).nonzero().flatten().tolist() or [0, -1]
    return Band(term, inward, used[0], rows[:, used[0] : used[-1] + 1].contiguous())


def _content(matrix: torch.Tensor) -> tuple[torch.Size, bytes]:
    return matrix.shape, matrix.cpu().numpy().tobytes()
