"""Arrays from strangers' files: mapped with care, and made float32 only where float32 holds what they say.

Every reader of images or maps goes through here: what cannot be represented is refused in one line that names the way
to convert it, and never rounded, wrapped or cut off without a word.
"""

from __future__ import annotations

import math
from typing import IO, TYPE_CHECKING

from astrobench.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

MAGIC = b"\x93NUMPY"
NOT_ARRAYS = {
    b"<": "a web page",
    b"version https://git-lfs": "a git-lfs pointer",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
}
WHOLE = 2**24
"""float32 holds every whole number up to this one, and not the next."""


def open_npy(path: Path) -> np.ndarray:
    """Map a .npy file of real numbers, read-only, whatever its shape and dtype.

    Raises DataError for a file that is no array, holds Python objects, text or complex numbers, or is shorter or
    longer than its header says; the header is checked before anything is mapped.
    """
    import numpy as np

    try:
        with path.open("rb") as file:
            shape, fortran, dtype = _header(file, path)
            start, size = file.tell(), path.stat().st_size
    except OSError as fault:
        raise DataError(f"cannot read {path}: {fault.strerror}") from None
    wanted = start + math.prod(shape) * dtype.itemsize
    if size != wanted:
        state = "cut short" if size < wanted else "longer than it says"
        raise DataError(f"{path} is {state}: {size} bytes where its header wants {wanted}; fetch or write it again")
    if 0 in shape:
        return np.zeros(shape, dtype)
    return np.memmap(path, dtype, "r", start, shape, "F" if fortran else "C")


def exact_float32(values: np.ndarray, where: object) -> np.ndarray:
    """Return numbers as float32 of the same shape, in native byte order.

    Args:
        values: any shape; bool, whole numbers, or floats of any width and byte order.
        where: what holds them, to begin a message with.

    Returns:
        The same numbers. Floats of more than 24 bits are rounded to the nearest; NaN and infinity stay.

    Raises:
        DataError: for complex numbers, text and objects; for whole numbers beyond 2**24, which float32 would round;
            for floats beyond float32's largest; and where even the brightest is below its smallest normal number, so
            that the image would lose its digits or be all zero.
    """
    import numpy as np

    kind, wide = values.dtype.kind, values.dtype.itemsize
    if kind not in "fiub":
        raise DataError(f"{where} holds {values.dtype.name}, want real numbers; write it as float32")
    if values.size and kind in "iu" and wide > 2:
        peak = max(-int(values.min()), int(values.max()))
        if peak > WHOLE:
            raise DataError(
                f"{where} has whole numbers up to {peak}, and float32 holds each up to {WHOLE}; subtract or scale, or"
                " write it as float64, which is rounded to 24 bits"
            )
    if values.size and kind == "f" and wide > 4:
        limits = np.finfo(np.float32)
        with np.errstate(invalid="ignore"):  # of NaN, which the caller counts and names
            peak = max(-values.min(), values.max())
        if limits.max < peak < np.inf or 0 < peak < limits.tiny:
            raise DataError(
                f"{where} has values up to {peak:.3g}, and float32 goes from {limits.tiny:.3g} to {limits.max:.3g};"
                " write it in another unit"
            )
    with np.errstate(over="ignore", under="ignore"):  # a faint wing beside a bright core may be less than 1e-38
        return np.ascontiguousarray(values, np.float32).reshape(values.shape)


def _header(file: IO[bytes], path: Path) -> tuple[tuple[int, ...], bool, np.dtype]:
    from numpy.lib.format import read_array_header_1_0, read_array_header_2_0, read_magic

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
