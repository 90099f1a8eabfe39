"""Arrays on disk: .npy files mapped with care, as many come by hand; ours are written whole or not, and sealed."""

from __future__ import annotations

import hashlib
import io
import math
import os
from typing import TYPE_CHECKING

import numpy as np
from astrobench import DataError, need_room, report
from numpy.lib.format import (
    read_array_header_1_0,
    read_array_header_2_0,
    read_magic,
    write_array_header_1_0,
)

from astrobench_galaxies.seals import settle

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import IO

MAGIC = b"\x93NUMPY"
NOT_ARRAYS = {
    b"<": "a web page",
    b"version https://git-lfs": "a git-lfs pointer",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
}


def open_npy(path: Path) -> np.ndarray:
    """Map a .npy file of real numbers, read-only, whatever its shape and dtype.

    Raises DataError for a file that is no array, holds Python objects, or is shorter or longer than its header
    says; the header is checked before anything is mapped.
    """
    try:
        with path.open("rb") as file:
            shape, fortran, dtype = _header(file, path)
            start, held = file.tell(), path.stat().st_size
    except OSError as fault:
        raise DataError(f"cannot read {path}: {fault.strerror}") from None
    wanted = start + math.prod(shape) * dtype.itemsize
    if held != wanted:
        state = "cut short" if held < wanted else "longer than it says"
        raise DataError(f"{path} is {state}: {held} bytes where its header wants {wanted}; fetch or write it again")
    if 0 in shape:
        return np.zeros(shape, dtype)
    return np.memmap(path, dtype, "r", start, shape, "F" if fortran else "C")


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
        raise DataError(f"cannot write {path}: {fault.strerror}") from None
    finally:
        part.unlink(missing_ok=True)


def _header_of(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return file.getvalue()


def _header(file: IO[bytes], path: Path) -> tuple[tuple[int, ...], bool, np.dtype]:
    start = file.read(64)
    if not start.startswith(MAGIC):
        kind = next((name for sign, name in NOT_ARRAYS.items() if start.lstrip().startswith(sign)), "no .npy file")
        raise DataError(f"{path} is {kind}, not an array; fetch or write it again")
    file.seek(0)
    try:
        # NumPy's own parser: a literal, never code, and at most 10 kB of it.
        read = {(1, 0): read_array_header_1_0, (2, 0): read_array_header_2_0}[read_magic(file)]
        shape, fortran, dtype = read(file)
    except Exception:  # NumPy's parser raises almost anything on a broken header, and each means the same here
        raise DataError(f"{path} has a header that makes no sense; fetch or write it again") from None
    if dtype.kind not in "fiub" or min(shape, default=0) < 0:
        raise DataError(f"{path} holds {dtype.name} {shape}, want an array of numbers; write it again as float32")
    return shape, fortran, dtype
