"""Many cut-outs decoded once, into one array that workers share."""

from __future__ import annotations

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from astrobench import DataError, cache_folder

from astrobench_galaxies.arrays import open_npy, write_npy
from astrobench_galaxies.image_files import Reading, fitted, read_image
from astrobench_galaxies.seals import is_sound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astrobench_galaxies.catalogue import Row

LAYOUT = 2  # of the decoded arrays; raise it when decoding changes
AT_ONCE = 256  # images in flight: bounds the memory


class Shape(NamedTuple):
    """What every image is read as, and what it becomes. size 0 keeps the files' own."""

    reading: Reading
    size: int


def digests(rows: Sequence[Row]) -> list[str]:
    """Return the SHA-256 of each row's file."""
    with ThreadPoolExecutor(_threads()) as pool:
        return list(pool.map(_digest, rows))


def decoded(rows: Sequence[Row], contents: Sequence[str], shape: Shape) -> np.ndarray:
    """Map the images of some rows, float32 (N, C, H, W), in order, from an array decoded once and kept in the cache.

    contents: the digest of each file, by which the array is kept, so that a changed file is decoded anew. Decoding
    runs in threads, since Pillow lets go of the interpreter while it works. Raises DataError, naming the row, for an
    image that cannot be decoded or does not fit the others.
    """
    scope = json.dumps([LAYOUT, shape, list(contents)])
    array = cache_folder("image_folder") / f"{hashlib.sha256(scope.encode()).hexdigest()[:32]}.npy"
    if not is_sound(array):
        first = _image(shape, None, rows[0]).shape
        write_npy(array, (len(rows), *first), _chunks(rows, shape, first), "decoding images")
    return open_npy(array)


def sides(rows: Sequence[Row], contents: Sequence[str], reading: Reading) -> np.ndarray:
    """Return how many pixels the central square of each row's file has a side, (N,), before any resizing.

    Kept in the cache as decoded images are, by content. Raises DataError, naming the row, for an image that cannot be
    decoded.
    """
    scope = json.dumps([LAYOUT, "sides", reading, list(contents)])
    array = cache_folder("image_folder") / f"{hashlib.sha256(scope.encode()).hexdigest()[:32]}.npy"
    if not is_sound(array):
        with ThreadPoolExecutor(_threads()) as pool:
            write_npy(
                array, (len(rows),), [np.array(list(pool.map(partial(_side, reading), rows)))], "measuring images"
            )
    return open_npy(array)


def _side(reading: Reading, row: Row) -> int:
    return min(int(side) for side in _read(reading, row).shape[1:])


def _read(reading: Reading, row: Row) -> np.ndarray:
    try:
        return read_image(row.path, reading)
    except DataError as fault:
        raise DataError(f"{row.where}: {fault}") from None


def _chunks(rows: Sequence[Row], shape: Shape, expected: tuple[int, ...]) -> Iterator[np.ndarray]:
    with ThreadPoolExecutor(_threads()) as pool:
        for start in range(0, len(rows), AT_ONCE):
            yield np.stack(list(pool.map(partial(_image, shape, expected), rows[start : start + AT_ONCE])))


def _image(shape: Shape, expected: tuple[int, ...] | None, row: Row) -> np.ndarray:
    try:
        image = fitted(read_image(row.path, shape.reading), len(shape.reading.bands), shape.size, row.path)
    except DataError as fault:
        raise DataError(f"{row.where}: {fault}") from None
    if expected is not None and image.shape != expected:
        sides = f"{image.shape[2]}x{image.shape[1]} pixels where another has {expected[2]}x{expected[1]}"
        raise DataError(f"{row.where}: {row.path} has {sides}; give a size to resize all to")
    return image


def _digest(row: Row) -> str:
    try:
        with row.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as fault:
        raise DataError(f"{row.where}: cannot read {row.path}: {fault.strerror}") from None


def _threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
