"""Arrays of our own in the cache: written whole or not, and sealed."""

from __future__ import annotations

import hashlib
import io
import math
import os
from typing import TYPE_CHECKING

import numpy as np
from astrobench import DataError, cannot_keep, need_room, report
from astrobench import open_npy as open_npy
from numpy.lib.format import write_array_header_1_0

from astrobench_galaxies.seals import settle

if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from pathlib import Path


def channels_first(images: np.ndarray, counts: Container[int], path: Path) -> np.ndarray:
    """Return images as (N, C, H, W), from NCHW or NHWC. counts: how many channels there may be.

    Raises DataError for any other shape, and for one that may be read in both ways.
    """
    first, last = (images.ndim == 4 and images.shape[axis] in counts for axis in (1, 3))
    if first == last:
        known = [str(count) for count in range(9) if count in counts]
        letter, tail = (known[0], "") if len(known) == 1 else ("C", f" with C of {' or '.join(known)}")
        orders = [f"(N, {letter}, H, W)", f"(N, H, W, {letter})"]
        both = f"may be read as {' and as '.join(orders)}{tail}; fetch or write larger images"
        problem = both if first else f"want {' or '.join(orders)}{tail}"
        raise DataError(f"{path} has shape {images.shape}, {problem}")
    return images if first else np.moveaxis(images, 3, 1)


def write_npy(path: Path, shape: tuple[int, ...], chunks: Iterable[np.ndarray], activity: str) -> None:
    """Write chunks of rows as one float32 .npy file of `shape`, atomically and sealed, saying how far it is.

    Raises DataError where the disk has no room.
    """
    need_room(path.parent, 4 * math.prod(shape))
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    sha, done = hashlib.sha256(_header_of(shape)), 0
    try:
        with part.open("wb") as file:
            file.write(_header_of(shape))
            for chunk in chunks:
                rows = np.ascontiguousarray(chunk, "<f4").data
                file.write(rows)
                sha.update(rows)
                done += len(chunk)
                report(activity, done, shape[0])
            file.flush()
            os.fsync(file.fileno())
        settle(part, path, sha.hexdigest())
    except OSError as fault:
        raise cannot_keep(path.name, path.parent, fault) from None
    finally:
        part.unlink(missing_ok=True)


def _header_of(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return file.getvalue()
