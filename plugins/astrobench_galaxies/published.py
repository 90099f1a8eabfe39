"""The DeepAdversaries files as people have them: which name a file goes by, what is missing, what does not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from astrobench import DataError

from astrobench_galaxies.arrays import open_npy
from astrobench_galaxies.copies import float32_copy, open_images
from astrobench_galaxies.labels import class_indices
from astrobench_galaxies.splits import SHARES, split_by_id

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

CLASSES = ("spiral", "elliptical", "merger")
BANDS = ("g", "r", "i")
ADDRESS = "https://zenodo.org/records/5514180/files"

# The 150-image subset goes by its name on Zenodo or by the one in the paper's notebook.
LABELS = {split: (f"labels_{split}.npy",) for split in SHARES} | {"150": ("labels_test_150.npy", "labels_150.npy")}
IMAGES = {
    **{(domain, split): (f"images_{domain}_{split}.npy",) for domain in ("Y10", "Y1") for split in SHARES},
    ("Y10", "150"): ("images_Y10_test_150.npy", "regular_images_150.npy"),
    ("Y1", "150"): ("images_Y1_test_150.npy", "noisy_images_150.npy"),
}
IMAGE_BYTES = 8 * 3 * 100 * 100
ROWS = {"train": 23_487, "valid": 3_355, "test": 6_715, "150": 150}  # galaxies.md §1.1, to tell a size beforehand


YEARS = {"Y10": 10.0, "Y1": 1.0}


class Part(NamedTuple):
    """One split of one domain. images: float32 (N, C, H, W), mapped. labels: int64 (N,). ids: str (N,)."""

    images: np.ndarray
    labels: np.ndarray
    ids: np.ndarray


@dataclass(frozen=True)
class Folder:
    """Files dropped into a folder by a person, whatever the case of their names."""

    path: Path

    def find(self, names: Sequence[str]) -> Path | None:
        """Return the first of the names that is there, or None."""
        if not self.path.is_dir():
            raise DataError(f"no folder {self.path}; give the folder that holds {IMAGES['Y10', 'train'][0]}")
        there = {path.name.lower(): path for path in sorted(self.path.iterdir())}
        return next((there[name.lower()] for name in names if name.lower() in there), None)


@dataclass(frozen=True)
class Published:
    """The parts that a benchmark needs, opened by whatever finds files by their names. tests: "test" or "150"."""

    find: Callable[[Sequence[str]], Path | None]
    where: Path
    tests: str

    def parts(self) -> dict[tuple[str, str], Part]:
        """Return (domain, split) → Part for Y10 train, valid and tests, and Y1 train and tests.

        A split without any file is cut from the training rows, 70:10:20 by class. Raises DataError, naming the
        file and the remedy, for whatever does not fit; all headers are checked before an array is copied.
        """
        splits = ("train", "valid", self.tests)
        labels = {split: known for split in splits if (known := self._labels(split)) is not None}
        rows = _rows(labels, splits)
        wanted = [("Y10", split) for split in splits] + [("Y1", "train"), ("Y1", self.tests)]
        paths = {(domain, split): self._images(domain, rows[split][0]) for domain, split in wanted}
        _check_shapes(paths, {split: labels[home] for split, (home, _) in rows.items()})
        return {
            (domain, split): _part(path, labels[rows[split][0]], *rows[split], YEARS[domain])
            for (domain, split), path in paths.items()
        }

    def _labels(self, split: str) -> np.ndarray | None:
        path = self.find(LABELS[split])
        if path is None and (split in ("train", "150") or self._any_images(split)):
            raise self._missing(LABELS[split])
        return None if path is None else class_indices(open_npy(path), CLASSES, path)

    def _any_images(self, split: str) -> bool:
        return any(self.find(IMAGES[domain, split]) for domain in ("Y10", "Y1"))

    def _images(self, domain: str, split: str) -> Path:
        path = self.find(IMAGES[domain, split])
        if path is None:
            raise self._missing(IMAGES[domain, split])
        return path

    def _missing(self, names: Sequence[str]) -> DataError:
        return DataError(f"{self.where} has no {' or '.join(names)}; fetch it from {ADDRESS}, or leave folder out")


def _check_shapes(paths: dict[tuple[str, str], Path], labels: dict[str, np.ndarray]) -> None:
    first = next(iter(paths.values()))
    shape = open_images(first).shape[1:]
    for (_, split), path in paths.items():
        images, known = open_images(path), len(labels[split])
        if len(images) != known or known == 0:
            raise DataError(f"{path} has {len(images)} images for {known} labels of {split}; fetch both files again")
        if images.shape[1:] != shape:
            raise DataError(f"{path} has images of {images.shape[1:]}, {first.name} of {shape}; fetch both files again")


def _part(path: Path, labels: np.ndarray, home: str, rows: np.ndarray | None, years: float) -> Part:
    numbers = np.arange(len(labels)) if rows is None else rows
    ids = np.array([f"{home}-{number:05d}" for number in numbers])
    return Part(float32_copy(path, rows, years), labels[numbers], ids)


def _rows(labels: dict[str, np.ndarray], splits: tuple[str, ...]) -> dict[str, tuple[str, np.ndarray | None]]:
    """Return split → (the split whose files hold it, its rows there or None for all)."""
    absent = [split for split in splits if split not in labels]
    if not absent:
        return {split: (split, None) for split in splits}
    shares = {split: share for split, share in SHARES.items() if split in ("train", *absent)}
    strata = {f"{row:05d}": label for row, label in enumerate(labels["train"].tolist())}
    places = split_by_id(strata, seed=0, shares=shares)
    cut = {split: np.array(sorted(int(row) for row, place in places.items() if place == split)) for split in shares}
    return {split: ("train", cut[split]) if split in cut else (split, None) for split in splits}
