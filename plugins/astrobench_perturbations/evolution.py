"""Differential evolution, one step at a time: whom a population starts with, and whom it tries next.

A genome is (row, col, one value a band), float64 in [0, 1], 2 + C numbers, or the rows, the columns and then the values
of k pixels. Axes: S searches that run side by side, P members of a population, D = k · (2 + C).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

OutOfRange = Literal["resample", "clip"]


class Pixels(NamedTuple):
    """Candidates as the network meets them. rows, cols: int64 (n,). values: float32 (n, C), replacing the pixel.

    With k pixels a candidate: (n, k) and (n, k, C).
    """

    rows: np.ndarray
    cols: np.ndarray
    values: np.ndarray


def first(stream: np.random.Generator, population: int, bands: int, pixels: int = 1) -> np.ndarray:
    """Draw the first population, (P, D): positions U[0, 1), values N(0.5, 0.5) clipped to [0, 1]."""
    positions = stream.random((population, 2 * pixels))
    values = stream.normal(0.5, 0.5, (population, bands * pixels)).clip(0, 1)
    return np.concatenate([positions, values], axis=1)


def trials(
    members: np.ndarray, streams: Sequence[np.random.Generator], weight: float, out_of_range: OutOfRange
) -> np.ndarray:
    """Propose a rival for every member, (S, P, D): x1 + weight · (x2 - x3), no crossover.

    x1, x2, x3 are three distinct members of the same population, which may include the one they compete with; all
    rivals are built from the old population. A number outside [0, 1] is drawn anew from U[0, 1), or clipped. Search
    s draws from streams[s] alone, so it goes the same way by itself or beside others.
    """
    searches, population, genes = members.shape
    draws = np.stack([stream.random((population, 3 + genes)) for stream in streams])
    chosen = members[np.arange(searches)[:, None, None], distinct(draws[..., :3], population)]  # (S, P, 3, D)
    rivals = chosen[:, :, 0] + weight * (chosen[:, :, 1] - chosen[:, :, 2])
    outside = (rivals < 0) | (rivals > 1)
    kept: np.ndarray = rivals.clip(0, 1) if out_of_range == "clip" else np.where(outside, draws[..., 3:], rivals)
    return kept


def distinct(draws: np.ndarray, population: int) -> np.ndarray:
    """Turn uniform draws in [0, 1), (…, 3), into three different members each, int64 (…, 3), every triple alike."""
    one, two, three = (np.floor(draws[..., k] * (population - k)).astype(np.int64) for k in range(3))
    two += two >= one
    three += three >= np.minimum(one, two)
    three += three >= np.maximum(one, two)
    return np.stack([one, two, three], axis=-1)


def decode(genomes: np.ndarray, shape: tuple[int, int], bounds: tuple[float, float]) -> Pixels:
    """Read genomes (n, D) as pixels of an image of `shape` (H, W), values between `bounds`.

    An index is round(p · H) clipped to H - 1, as published, so that the first row is met half as often as
    the others, and the last one and a half times.
    """
    rows, cols = (np.rint(genomes[:, axis] * shape[axis]).astype(np.int64).clip(0, shape[axis] - 1) for axis in (0, 1))
    low, high = bounds
    values = low + genomes[:, 2:].clip(0, 1) * (high - low)
    return Pixels(rows, cols, values.astype(np.float32))


def decode_many(genomes: np.ndarray, pixels: int, shape: tuple[int, int], bounds: tuple[float, float]) -> Pixels:
    """Read genomes (n, D) of several pixels each: rows, cols int64 (n, pixels), values float32 (n, pixels, C)."""
    n = len(genomes)
    rows, cols, values = np.split(genomes, [pixels, 2 * pixels], axis=1)
    single = np.concatenate([rows.reshape(-1, 1), cols.reshape(-1, 1), values.reshape(n * pixels, -1)], axis=1)
    found = decode(single, shape, bounds)
    return Pixels(*(array.reshape(n, pixels, *array.shape[1:]) for array in found))
