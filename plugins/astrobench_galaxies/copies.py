"""Arrays of images that are larger than memory, as float32 maps that every worker shares."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from astrobench import DataError, cache_folder, sha256_of

from astrobench_galaxies.arrays import open_npy, write_npy
from astrobench_galaxies.percentiles import BLOCK
from astrobench_galaxies.seals import is_sound, settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from astrobench_galaxies.stretch import ArcsinhStretch, LinearStretch

    Fitted = TypeVar("Fitted", ArcsinhStretch, LinearStretch)

LAYOUT = 1  # of the copies; raise it when they change


def channels_first(path: Path, bands: int = 3) -> np.ndarray:
    """Map a file of images as (N, C, H, W), from NCHW or NHWC. Raises DataError for any other shape."""
    images = open_npy(path)
    if images.ndim == 4 and images.shape[1] == bands:
        return images
    if images.ndim == 4 and images.shape[3] == bands:
        return np.moveaxis(images, 3, 1)
    raise DataError(f"{path} has shape {images.shape}, want (N, {bands}, H, W) or (N, H, W, {bands})")


def float32_copy(path: Path, rows: np.ndarray | None, years: float = 1.0) -> np.ndarray:
    """Map images of a file as float32 (N, 3, H, W), from a copy in the cache that is made once.

    A copy rather than a lazy cast: it is a true array that workers share and slice like any other, it halves
    what every later epoch reads, and its pixels are checked once. The file is mapped anew for each chunk, so that
    memory stays flat. rows: which rows to keep, None
    for all. years: what the counts are divided by. Raises DataError for NaN or infinite pixels.
    """
    file, chosen = path.stat(), None if rows is None else rows.tolist()
    scope = json.dumps([LAYOUT, str(path.resolve()), file.st_size, file.st_mtime_ns, chosen, years])
    copy = cache_folder("deepadversaries") / f"{path.stem}-{hashlib.sha256(scope.encode()).hexdigest()[:16]}.npy"
    if not is_sound(copy):
        shape = channels_first(path).shape
        kept = np.arange(shape[0]) if rows is None else rows
        write_npy(copy, (len(kept), *shape[1:]), _chunks(path, kept, years), f"reading {path.name}")
    return open_npy(copy)


def fitted_once(stretch: type[Fitted], images: np.ndarray) -> Fitted:
    """Fit a stretch to a mapped array, or read what was fitted to it before: the limits are kept beside the map."""
    kept = Path(str(images.filename)).with_suffix(f".{stretch.__name__}.json")  # type: ignore[attr-defined]
    if is_sound(kept):
        return stretch(**json.loads(kept.read_text(encoding="utf-8")))
    fitted = stretch.fit(images)
    part = kept.with_suffix(f".{os.getpid()}.part")
    part.write_text(json.dumps(asdict(fitted)), encoding="utf-8")
    settle(part, kept, sha256_of(part))
    return fitted


def _chunks(path: Path, rows: np.ndarray, years: float) -> Iterator[np.ndarray]:
    step = max(1, BLOCK // channels_first(path)[:1].size)
    for start in range(0, len(rows), step):
        with np.errstate(over="ignore"):  # beyond float32 becomes infinite, which is refused below
            chunk = (channels_first(path)[rows[start : start + step]] / years).astype(np.float32)
        sound = np.isfinite(chunk).all(axis=(1, 2, 3))
        if not sound.all():
            row = int(rows[start + int(np.argmin(sound))])
            raise DataError(f"{path} has NaN or infinite pixels in row {row}; mend that row, or fetch the file again")
        yield chunk
