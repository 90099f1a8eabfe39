"""Percentiles of an array that may be larger than memory: exact, in two passes over blocks of it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from astrobench import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 2**21  # values read at once: 8 MB of float32, so that memory stays flat however large the map
SIGN = np.uint32(0x80000000)


def percentiles(images: np.ndarray, *wanted: float) -> tuple[float, ...]:
    """Return percentiles (each in [0, 100]) of float32 images of any shape, as `numpy.percentile` defines them.

    A float32 keeps its order when its bits are read as an integer (with the sign folded), so one histogram of the
    high 16 bits and one of the low 16 bits find any order statistic exactly: no sampling, no copy of the array.

    Raises DataError for an empty array or one with a value that is not finite.
    """
    if images.size == 0:
        raise DataError("cannot take percentiles of an empty array; the training set has no images")
    positions = [percent / 100 * (images.size - 1) for percent in wanted]
    ranks = sorted({rank for place in positions for rank in (int(place), min(int(place) + 1, images.size - 1))})
    values = dict(zip(ranks, _order_statistics(images, ranks), strict=True))
    return tuple(_interpolated(values, place, images.size - 1) for place in positions)


def blocks(images: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the array as float32 blocks of whole rows of its first axis."""
    rows = max(1, BLOCK // max(1, images[:1].size))
    edges = [*range(0, len(images), rows), len(images)]
    return (np.ascontiguousarray(images[start:stop], np.float32) for start, stop in pairwise(edges))


def _interpolated(values: dict[int, float], place: float, last: int) -> float:
    below, above = values[int(place)], values[min(int(place) + 1, last)]
    return below + (place - int(place)) * (above - below)


def _order_statistics(images: np.ndarray, ranks: list[int]) -> list[float]:
    coarse = sum((np.bincount(key >> 16, minlength=2**16) for key in _keys(images)), np.zeros(2**16, np.int64))
    total = np.cumsum(coarse)
    highs = [int(np.searchsorted(total, rank, side="right")) for rank in ranks]
    fine = {high: np.zeros(2**16, np.int64) for high in highs}
    for key in _keys(images):
        for high, counts in fine.items():
            counts += np.bincount(key[key >> 16 == high] & 0xFFFF, minlength=2**16)
    left = [rank - int(total[high] - coarse[high]) for rank, high in zip(ranks, highs, strict=True)]
    lows = [
        int(np.searchsorted(np.cumsum(fine[high]), rank, side="right")) for rank, high in zip(left, highs, strict=True)
    ]
    return [_value(high << 16 | low) for high, low in zip(highs, lows, strict=True)]


def _keys(images: np.ndarray) -> Iterator[np.ndarray]:
    """Yield uint32 keys that sort as the float32 values do."""
    for block in blocks(images):
        if not np.isfinite(block).all():
            raise DataError("cannot take percentiles of images with NaN or infinite pixels; mend or drop those images")
        bits = block.ravel().view(np.uint32)
        yield np.where(bits & SIGN, ~bits, bits | SIGN)


def _value(key: int) -> float:
    bits = key ^ int(SIGN) if key & int(SIGN) else key ^ 0xFFFFFFFF
    return float(np.uint32(bits).view(np.float32))
