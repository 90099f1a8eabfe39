"""From the pixels of a map to network input: a logarithm, less its mean, over its standard deviation."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from astrobench import DataError, cache_folder, report

from astrobench_cosmology.cache import file_digest, read_copy

if TYPE_CHECKING:
    from astrobench_cosmology.cmd_files import Maps

BLOCK = 1 << 22
"""Pixels that are worked through at once."""


@dataclass(frozen=True)
class LogScale:
    """(log₁₀(offset + x) − mean)/deviation, the same for every pixel; offset is 1 for Mstar, which has empty pixels."""

    mean: float
    deviation: float
    offset: float = 0.0

    def __call__(self, maps: np.ndarray) -> np.ndarray:
        """Return the network input, float32 of the same shape (…, 1, H, H)."""
        scaled: np.ndarray = np.log10(np.add(maps, np.float32(self.offset), dtype=np.float32))
        scaled -= np.float32(self.mean)
        scaled /= np.float32(self.deviation)
        return scaled


def offset_of(field: str) -> float:
    """Return what is added to a pixel before its logarithm is taken."""
    return 1.0 if field == "Mstar" else 0.0


def fitted(maps: Maps, rows: np.ndarray) -> LogScale:
    """Return the scale whose mean and deviation are those of all pixels of some maps, int64 (n,) rows of a file.

    Raises DataError where these maps are all of one value.
    """
    mean, square = pixel_moments(maps)[rows].mean(axis=0)
    variance = square - mean**2
    if not variance > 1e-12 * square:
        raise DataError(f"{maps.path} has one pixel value only in the maps that set the scale")
    return LogScale(float(mean), float(np.sqrt(variance)), offset_of(maps.field))


def pixel_moments(maps: Maps) -> np.ndarray:
    """Return mean and mean square of each map's logarithms, float64 (N, 2), read once and kept in the cache.

    A cache that cannot be written costs time and nothing else. Raises DataError, naming the map, for a pixel whose
    logarithm does not exist, and for a cache that cannot be read.
    """
    path = cache_folder("camels") / f"{maps.path.stem}-{file_digest(maps.path, 1)}.npy"
    if path.is_file():
        return np.asarray(read_copy(path))
    found = _read_through(maps)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with contextlib.suppress(OSError):
        try:
            with part.open("wb") as file:
                np.save(file, found, allow_pickle=False)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    return found


def _read_through(maps: Maps) -> np.ndarray:
    images, offset = maps.open(), offset_of(maps.field)
    step = max(1, BLOCK // images[0].size)
    found = np.empty((len(images), 2))
    for start in range(0, len(images), step):
        block = images[start : start + step].astype(np.float64) + offset
        least = block.min(axis=(1, 2))
        if not (least > 0).all():
            row = int(np.argmin(least > 0))
            told = f"pixel {images[start + row].min():g} in map {start + row}"
            raise DataError(f"{maps.path} has {told}: the logarithm needs pixels above {0 - offset:g}")
        logarithms = np.log10(block)
        found[start : start + step, 0] = logarithms.mean(axis=(1, 2))
        found[start : start + step, 1] = np.square(logarithms).mean(axis=(1, 2))
        report("reading maps", min(start + step, len(images)), len(images))
    return found
