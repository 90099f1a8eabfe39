"""Arrays of images that are larger than memory, as float32 maps that every worker shares."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from astrobench import DataError, cache_folder, content_digest, exact_float32, sha256_of

from astrobench_galaxies.arrays import channels_first, open_npy, write_npy
from astrobench_galaxies.percentiles import BLOCK
from astrobench_galaxies.seals import is_sound, settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from astrobench_galaxies.stretch import ArcsinhStretch, LinearStretch

    Fitted = TypeVar("Fitted", ArcsinhStretch, LinearStretch)

LAYOUT = 2  # of the copies; raise it when they change


def open_images(path: Path, bands: int = 3) -> np.ndarray:
    """Map a file of images as (N, C, H, W), from NCHW or NHWC. Raises DataError for any other shape."""
    return channels_first(open_npy(path), (bands,), path)


def float32_copy(path: Path, rows: np.ndarray | None, years: float = 1.0) -> np.ndarray:
    """Map images of a file as float32 (N, 3, H, W), from a copy in the cache that is made once.

    A copy rather than a lazy cast: it is a true array that workers share and slice like any other, it halves
    what every later epoch reads, and its pixels are checked once. The file is mapped anew for each chunk, so that
    memory stays flat. rows: which rows to keep, None
    for all. years: what the counts are divided by. Raises DataError for NaN or infinite pixels.
    """
    scope = json.dumps([LAYOUT, content_digest(path), None if rows is None else rows.tolist(), years])
    copy = cache_folder("deepadversaries") / f"{path.stem}-{hashlib.sha256(scope.encode()).hexdigest()[:16]}.npy"
    if not is_sound(copy):
        shape = open_images(path).shape
        kept = np.arange(shape[0]) if rows is None else rows
        write_npy(copy, (len(kept), *shape[1:]), _chunks(path, kept, years), f"reading {path.name}")
    return open_npy(copy)


def fitted_once(stretch: type[Fitted], images: np.ndarray) -> Fitted:
    """Fit a stretch to a mapped array, or read what was fitted to it before: the limits are kept beside the map.

    A cache that cannot be written costs time and nothing else.
    """
    kept = Path(str(images.filename)).with_suffix(f".{stretch.__name__}.json")  # type: ignore[attr-defined]
    if is_sound(kept):
        return stretch(**json.loads(kept.read_text(encoding="utf-8")))
    fitted = stretch.fit(images)
    part = kept.with_suffix(f".{os.getpid()}.part")
    with contextlib.suppress(OSError):
        part.write_text(json.dumps(asdict(fitted)), encoding="utf-8")
        settle(part, kept, sha256_of(part))
    return fitted


def _chunks(path: Path, rows: np.ndarray, years: float) -> Iterator[np.ndarray]:
    step = max(1, BLOCK // open_images(path)[:1].size)
    for start in range(0, len(rows), step):
        chunk = exact_float32(open_images(path)[rows[start : start + step]] / years, path)
        sound = np.isfinite(chunk).all(axis=(1, 2, 3))
        if not sound.all():
            row = int(rows[start + int(np.argmin(sound))])
            raise DataError(f"{path} has NaN or infinite pixels in row {row}; mend that row, or fetch the file again")
        yield chunk
