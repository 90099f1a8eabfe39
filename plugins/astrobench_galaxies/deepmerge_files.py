"""The DeepMerge files as people have them: three layouts, names in any case, .npy or FITS."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from astrobench import DataError, cache_folder, content_digest, exact_float32

from astrobench_galaxies.arrays import channels_first, open_npy, write_npy
from astrobench_galaxies.fits_files import map_image
from astrobench_galaxies.labels import class_indices
from astrobench_galaxies.percentiles import BLOCK
from astrobench_galaxies.seals import is_sound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

CLASSES = ("non_merger", "merger")
ADDRESS = "https://zenodo.org/records/4507941/files"
BANDS = {2: ("F814W", "F160W"), 3: ("F814W", "F356W", "F160W")}

# Domain → names of (images, labels), first choice first: DeepMerge II's, then DeepMerge I's. MAST's full names are not
# recorded anywhere we could read, so they are known by their start and end.
NAMES = {
    "pristine": (
        ("SimSim_SOURCE_X_Illustris2_pristine.npy", "SimSim_SOURCE_y_Illustris2_pristine.npy"),
        ("SB00_augmented_3FILT.npy", "SB00_augmented_y_3FILT.npy"),
        ("SB00_augmented_3FILT.npy", "SB00_augmented_3FILT_y.npy"),
        ("SB00_augmented_3FILT.npy", "SB00_augmented_y.npy"),
        ("SB00_augmented.npy", "SB00_augmented_y.npy"),
    ),
    "noisy": (
        ("SimSim_TARGET_X_Illustris2_noisy.npy", "SimSim_TARGET_y_Illustris2_noisy.npy"),
        ("SB25_augmented_3FILT.npy", "SB25_augmented_y_3FILT.npy"),
        ("SB25_augmented_3FILT.npy", "SB25_augmented_3FILT_y.npy"),
        ("SB25_augmented_3FILT.npy", "SB25_augmented_y.npy"),
        ("SB25_augmented.npy", "SB25_augmented_y.npy"),
    ),
    "illustris": (("SimReal_SOURCE_X_Illustris0.npy", "SimReal_SOURCE_y_Illustris0.npy"),),
    "sdss": (("SimReal_TARGET_X_postmergers_SDSS.npy", "SimReal_TARGET_y_postmergers_SDSS.npy"),),
}
IDENTITIES = "subsamples_ID.npy"
_MAST = "hlsp_deepmerge"


@dataclass(frozen=True)
class Images:
    """One domain's files, checked. labels: int64 (N,). identities: int64 (N,) object numbers, where a file has them."""

    path: Path
    labels: np.ndarray
    identities: np.ndarray | None

    def open(self) -> np.ndarray:
        """Map the images as they stand in the file, (N, C, H, W)."""
        return _images(self.path)

    def copied(self, rows: np.ndarray) -> np.ndarray:
        """Map some rows as float32 (N, C, H, W), from a copy in the cache that is made once.

        Raises DataError for NaN or infinite pixels.
        """
        scope = json.dumps([2, content_digest(self.path), rows.tolist()])
        copy = cache_folder("deepmerge") / f"{self.path.stem}-{hashlib.sha256(scope.encode()).hexdigest()[:16]}.npy"
        if not is_sound(copy):
            shape = (len(rows), *self.open().shape[1:])
            write_npy(copy, shape, self._chunks(rows), f"reading {self.path.name}")
        return open_npy(copy)

    def _chunks(self, rows: np.ndarray) -> Iterator[np.ndarray]:
        step = max(1, BLOCK // self.open()[:1].size)
        for start in range(0, len(rows), step):
            kept = rows[start : start + step]
            chunk = exact_float32(self.open()[kept], self.path)
            sound = np.isfinite(chunk).all(axis=(1, 2, 3))
            if not sound.all():
                row = int(kept[int(np.argmin(sound))])
                raise DataError(f"{self.path} has NaN or infinite pixels in row {row}; mend it, or fetch it again")
            yield chunk


@dataclass(frozen=True)
class Folder:
    """Files in a folder, whatever the case of their names."""

    path: Path

    def domain(self, name: str) -> Images:
        """Open a domain's images and labels. Raises DataError, naming file and remedy, for whatever does not fit."""
        path, labels = self._paths(name)
        images = _images(path)
        known = class_indices(_labels(labels), CLASSES, labels)
        if len(images) != len(known) or not len(known):
            raise DataError(f"{path} has {len(images)} images for {len(known)} labels in {labels.name}; fetch both")
        return Images(path, known, self._identities(len(known)) if name in ("pristine", "noisy") else None)

    def _paths(self, name: str) -> tuple[Path, Path]:
        if not self.path.is_dir():
            raise DataError(f"no folder {self.path}; give the folder that holds {NAMES[name][0][0]}")
        there = {path.name.lower(): path for path in sorted(self.path.iterdir())}
        found = [(there[x.lower()], there[y.lower()]) for x, y in NAMES[name] if {x.lower(), y.lower()} <= there.keys()]
        found += _from_mast(there, name)
        if found:
            return found[0]
        images, labels = next(
            ((x, y) for x, y in NAMES[name] if x.lower() in there or y.lower() in there), NAMES[name][0]
        )
        absent = labels if images.lower() in there else images
        raise DataError(f"{self.path} has no {absent}; fetch it from {ADDRESS}, or leave folder out")

    def _identities(self, rows: int) -> np.ndarray | None:
        path = next((path for path in self.path.iterdir() if path.name.lower() == IDENTITIES.lower()), None)
        if path is None:
            return None
        identities = open_npy(path)
        if identities.shape != (rows,):
            raise DataError(f"{path} has shape {identities.shape}, want one object a row, ({rows},); or remove it")
        return np.asarray(identities)


def _from_mast(there: dict[str, Path], name: str) -> list[tuple[Path, Path]]:
    if name not in ("pristine", "noisy"):
        return []
    ours = [key for key in there if key.startswith(_MAST) and name in key]
    ours.sort(key=lambda key: ("nircam" not in key, key))  # three filters before two
    images = [key for key in ours if key.endswith(("-x.npy", ".fits"))]
    pairs = []
    for key in images:
        stem = key.removesuffix("-x.npy")
        twins = [key] if key.endswith(".fits") else [label for label in ours if label.endswith("y.npy")]
        twins.sort(key=lambda label: not label.startswith(stem))
        pairs += [(there[key], there[label]) for label in twins[:1]]
    return pairs


def _images(path: Path) -> np.ndarray:
    images = map_image(path, 0) if path.suffix.lower() == ".fits" else open_npy(path)
    return channels_first(images, BANDS, path)


def _labels(path: Path) -> np.ndarray:
    return map_image(path, 1) if path.suffix.lower() == ".fits" else open_npy(path)


def names_of(domains: Sequence[str]) -> tuple[str, ...]:
    """Return the names on Zenodo of the domains' files."""
    return tuple(file for domain in domains for file in NAMES[domain][0])
