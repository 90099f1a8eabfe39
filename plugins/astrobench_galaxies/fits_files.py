"""FITS files: which of their images are meant, and the physical values behind scaled and unsigned numbers."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from astrobench import DataError
from astrobench.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

UNSIGNED = 2**63
"""BZERO by which FITS stores unsigned numbers of 64 bits."""


def read_images(path: Path, bands: Sequence[str], extensions: Sequence[str], largest: int) -> list[np.ndarray]:
    """Return the images that are meant, in order, each with its physical values and its axes as in the file.

    Args:
        path: the file.
        bands: names of bands. Where a file has several images, those named for the bands are taken.
        extensions: names (EXTNAME) or numbers of the images to take, the primary one being "0"; () for the only one.
        largest: pixels that an image may have.

    Raises:
        DataError: for a file that cannot be decoded; one of several images of which nobody said which are meant; a
            name that it does not have, or has twice; pixels marked as missing (BLANK); more pixels than `largest`.
    """
    try:
        with _fits().open(path, memmap=False, lazy_load_hdus=True, do_not_scale_image_data=True) as units:
            chosen = _chosen(path, list(units), bands, extensions)
            for unit in chosen:
                if math.prod(unit.shape) > largest:
                    raise DataError(f"{path} says it has {_size(unit)} pixels; want a cut-out")
            return [_physical(unit, path) for unit in chosen]
    except DataError:
        raise
    except ImportError:
        raise DataError(f"reading {path} needs astropy; pip install 'astrobench[fits]'") from None
    except Exception as fault:  # decoders raise almost anything on a broken file, and each means the same here
        raise DataError(f"cannot decode {path} ({type(fault).__name__}); write it again or drop it") from None


def map_image(path: Path, number: int) -> np.ndarray:
    """Map one extension of a FITS file, read-only, its axes as in the file; bytes are unsigned (FITS 4.0, 4.4.1.1).

    Raises DataError for one that cannot be decoded or is cut short, and for scaled, compressed or BLANK numbers,
    which cannot be mapped.
    """
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # astropy only warns of a file cut short; its size is checked below
            unit = _fits().open(file, memmap=False)[number]
            if type(unit).__name__ == "CompImageHDU":
                raise DataError(f"{path} is compressed in tiles, which cannot be mapped; unpack it (funpack)")
            start, shape, bits = int(unit.fileinfo()["datLoc"]), tuple(unit.shape), int(unit.header["BITPIX"])
            scaled = (unit.header.get("BSCALE", 1), unit.header.get("BZERO", 0)) != (1, 0)
            blank = "BLANK" in unit.header
    except DataError:
        raise
    except ImportError:
        raise DataError(f"reading {path} needs astropy; pip install 'astrobench[fits]'") from None
    except Exception as fault:  # as above
        raise DataError(f"cannot decode {path} ({type(fault).__name__}); fetch or write it again") from None
    if scaled or blank:
        kind = "scaled numbers (BSCALE, BZERO)" if scaled else "numbers that may be missing (BLANK)"
        raise DataError(f"{path} stores {kind}; write them as float32, labels as int16")
    dtype = np.dtype("u1" if bits == 8 else f">{'f' if bits < 0 else 'i'}{abs(bits) // 8}")
    if path.stat().st_size < start + math.prod(shape) * dtype.itemsize:
        raise DataError(f"{path} is cut short; fetch or write it again")
    return np.memmap(path, dtype, "r", start, shape)


def _fits() -> Any:
    from astropy.io import fits

    return fits


def _chosen(path: Path, units: list[Any], bands: Sequence[str], extensions: Sequence[str]) -> list[Any]:
    images = {number: unit for number, unit in enumerate(units) if unit.is_image and _is_picture(unit)}
    names: dict[str, list[int]] = {}
    for number, unit in images.items():
        names.setdefault(unit.name.lower(), []).append(number)
        names[str(number)] = [number]
    if extensions:
        return [images[_number(path, word, names)] for word in extensions]
    if not images:
        raise DataError(f"{path} holds no 2-D or 3-D image; write one as its first extension")
    if len(images) == 1:
        return list(images.values())
    if bands and all(len(names.get(band.lower(), ())) == 1 for band in bands):
        return [images[names[band.lower()][0]] for band in bands]
    listed = ", ".join(f"{number} {unit.name!r} {_size(unit)}" for number, unit in images.items())
    raise DataError(
        f'{path} holds {len(images)} images ({listed}); name those to read, e.g. extensions = ["{next(iter(images))}"],'
        " or name the bands as they are named"
    )


def _is_picture(unit: Any) -> bool:
    return len(unit.shape) > 1 and 0 not in unit.shape


def _number(path: Path, word: str, names: dict[str, list[int]]) -> int:
    found = names.get(word.lower(), [])
    if not found:
        raise DataError(f"{path} has no image extension {word!r}{did_you_mean(word, filter(None, names))}")
    if len(found) > 1:
        raise DataError(
            f"{path} has {len(found)} extensions named {word!r}; give the number, {' or '.join(map(str, found))}"
        )
    return found[0]


def _physical(unit: Any, path: Path) -> np.ndarray:
    """Return BZERO + BSCALE × stored, whole numbers as such where both are whole, else in float64."""
    scale, zero, blank = (
        unit.header.get(key, default) for key, default in (("BSCALE", 1), ("BZERO", 0), ("BLANK", None))
    )
    stored = np.asarray(unit.data)
    whole = stored.dtype.kind in "iu"
    if whole and blank is not None and (missing := np.count_nonzero(stored == blank)):
        raise DataError(f"{path} has {missing} pixels that are marked as missing (BLANK); mend or drop it")
    if (scale, zero) == (1, 0):
        return stored
    if whole and scale == 1 and stored.dtype.itemsize < 8 and float(zero).is_integer():
        return np.asarray(stored.astype(np.int64) + int(zero))
    if whole and scale == 1 and zero == UNSIGNED:
        return np.asarray(stored.astype(np.int64).view(np.uint64) + np.uint64(UNSIGNED))
    return np.asarray(stored.astype(np.float64) * float(scale) + float(zero))


def _size(unit: Any) -> str:
    return "x".join(map(str, unit.shape))
