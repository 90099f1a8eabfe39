"""Who is in which split of the DeepMerge files: by object, or as published, which leaks."""

from __future__ import annotations

import hashlib
from typing import Literal, NamedTuple

import numpy as np

from astrobench_galaxies.splits import split_by_id

Split = Literal["grouped", "published_dm1", "published_dm2"]

ROWS, MERGERS, COPIES = 15_426, 1_624, 5  # DeepMerge I: 1,624 mergers, each with its flips and turns; then the rest
CAMERAS = 4  # views of one object, in consecutive rows as far as the genuine sample tells
NEIGHBOURHOOD = 40  # rows of non-mergers that stay together, since two missing views shift the fours
_DM2_SEED = 3


class Rows(NamedTuple):
    """Rows of train, valid and test in a file, int64, in order."""

    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray


def groups_of(labels: np.ndarray, images: np.ndarray, identities: np.ndarray | None) -> np.ndarray:
    """Return which rows must stay together: str (N,), one name an object.

    By object number where a file gives it; by row index in DeepMerge I's layout, where row i below 8,120 shows merger
    i mod 1,624; else by the pixels, for a flip or a quarter turn keeps the set of an image's pixel values.
    """
    if identities is not None:
        return np.array([f"object-{number}" for number in identities])
    if len(labels) == ROWS and _in_blocks(labels):
        return np.array([_place(row) for row in range(ROWS)])
    return np.array([_content(image) for image in images[:, 0]])


def grouped(labels: np.ndarray, groups: np.ndarray, seed: int) -> Rows:
    """Split 70:10:20 by group, the classes spread evenly."""
    strata: dict[str, object] = dict(zip(groups.tolist(), labels.tolist(), strict=True))
    places = split_by_id(strata, seed)
    where = np.array([places[name] for name in groups.tolist()])
    return Rows(*(np.flatnonzero(where == split) for split in Rows._fields))


def as_published(kind: Split, *sizes: int) -> list[Rows]:
    """Return the published splits, at random over rows, of files with these numbers of images.

    "published_dm1": NumPy's legacy seed 5, 10,799 / 1,542 / 3,085, the same rows in both domains.
    "published_dm2": torch.randperm after seed 3, source before target, so that the two are independent.
    """
    if kind == "published_dm1":
        return [_consecutive(_legacy(size), size - int(0.1 * size) - int(0.2 * size)) for size in sizes]
    import torch

    stream = torch.Generator().manual_seed(_DM2_SEED)
    return [_consecutive(torch.randperm(size, generator=stream).numpy(), int(0.7 * size)) for size in sizes]


def _legacy(size: int) -> np.ndarray:
    return np.random.RandomState(5).choice(size, size, replace=False)


def _consecutive(order: np.ndarray, train: int) -> Rows:
    size = len(order)
    valid = train + int(0.1 * size)
    return Rows(order[:train], order[train:valid], order[valid : valid + int(0.2 * size)])


def _content(image: np.ndarray) -> str:
    values = np.sort(image, axis=None).astype("<f8")  # .npy and FITS order bytes differently
    return hashlib.sha256(values.tobytes()).hexdigest()[:16]


def _in_blocks(labels: np.ndarray) -> bool:
    return bool(labels[: MERGERS * COPIES].all() and not labels[MERGERS * COPIES :].any())


def _place(row: int) -> str:
    if row < MERGERS * COPIES:
        return f"merger-{row % MERGERS // CAMERAS}"
    return f"other-{(row - MERGERS * COPIES) // NEIGHBOURHOOD}"
