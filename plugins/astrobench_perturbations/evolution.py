"""Differential evolution, one step at a time: whom a population starts with, and whom it tries next.

A genome is (row, col, one value a band), float64 in [0, 1], 2 + C numbers, or the rows, the columns and then the values
of k pixels. Axes: S searches that run side by side, P members of a population, D = k · (2 + C). Numbers are drawn
by NumPy, one stream an image, and everything else happens on the network's device.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import torch

OutOfRange = Literal["resample", "clip"]
CHOSEN = 3
"""Members that a rival is made of."""


class Pixels(NamedTuple):
    """Candidates as the network meets them. rows, cols: int64 (n,). values: float32 (n, C), replacing the pixel.

    With k pixels a candidate: (n, k) and (n, k, C).
    """

    rows: torch.Tensor
    cols: torch.Tensor
    values: torch.Tensor

    def part(self, which: slice | torch.Tensor) -> Pixels:
        """Return some of the candidates."""
        return Pixels(*(one[which] for one in self))

    def facts(self) -> dict[str, np.ndarray]:
        """Return them as an attack reports the pixels it found, one a row."""
        row, col, values = (part.cpu().numpy() for part in self)
        return {"row": row, "col": col, "values": values}


def first(stream: np.random.Generator, population: int, bands: int, pixels: int = 1) -> np.ndarray:
    """Draw the first population, (P, D): positions U[0, 1), values N(0.5, 0.5) clipped to [0, 1]."""
    positions = stream.random((population, 2 * pixels))
    values = stream.normal(0.5, 0.5, (population, bands * pixels)).clip(0, 1)
    return np.concatenate([positions, values], axis=1)


def trials(members: torch.Tensor, draws: torch.Tensor, weight: float, out_of_range: OutOfRange) -> torch.Tensor:
    """Propose a rival for every member, (S, P, D): x1 + weight · (x2 - x3), no crossover.

    x1, x2, x3 are three distinct members of the same population, which may include the one they compete with; all
    rivals are built from the old population. A number outside [0, 1] is drawn anew from U[0, 1), or clipped.

    draws: U[0, 1), float64 (S, P, 3 + D), of each search from its own stream, so it goes the same way by itself or
    beside others.
    """
    searches, population, _ = members.shape
    of_search = torch.arange(0, searches * population, population, device=members.device)[:, None, None]
    which, people = distinct(draws[..., :CHOSEN], population) + of_search, members.flatten(0, 1)
    one, two, three = (people.index_select(0, some.flatten()).view_as(members) for some in which.unbind(-1))
    rivals = one.add_(two.sub_(three).mul_(weight))
    if out_of_range == "clip":
        return rivals.clamp(0, 1)
    return torch.where((rivals < 0) | (rivals > 1), draws[..., CHOSEN:], rivals)


def distinct(draws: torch.Tensor, population: int) -> torch.Tensor:
    """Turn uniform draws in [0, 1), (…, 3), into three different members each, int64 (…, 3), every triple alike."""
    left = torch.arange(population, population - CHOSEN, -1, dtype=draws.dtype, device=draws.device)
    one, two, three = (draws * left).long().unbind(-1)
    two += two >= one
    three += three >= torch.minimum(one, two)
    three += three >= torch.maximum(one, two)
    return torch.stack([one, two, three], dim=-1)


def decode(genomes: torch.Tensor, shape: tuple[int, int], bounds: tuple[float, float]) -> Pixels:
    """Read genomes (n, D) as pixels of an image of `shape` (H, W), values between `bounds`.

    An index is round(p · H) clipped to H - 1, as published, so that the first row is met half as often as
    the others, and the last one and a half times.
    """
    rows, cols = ((genomes[:, axis] * shape[axis]).round().long().clamp(0, shape[axis] - 1) for axis in (0, 1))
    low, high = bounds
    return Pixels(rows, cols, (low + genomes[:, 2:].clamp(0, 1) * (high - low)).float())


def decode_many(genomes: torch.Tensor, pixels: int, shape: tuple[int, int], bounds: tuple[float, float]) -> Pixels:
    """Read genomes (n, D) of several pixels each: rows, cols int64 (n, pixels), values float32 (n, pixels, C)."""
    n = len(genomes)
    rows, cols, values = torch.tensor_split(genomes, (pixels, 2 * pixels), dim=1)
    single = torch.cat([rows.reshape(-1, 1), cols.reshape(-1, 1), values.reshape(n * pixels, -1)], dim=1)
    return Pixels(*(one.reshape(n, pixels, *one.shape[1:]) for one in decode(single, shape, bounds)))
