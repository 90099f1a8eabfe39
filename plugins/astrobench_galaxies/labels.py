"""Labels as files bring them, one-hot or integer, made class indices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from astrobench import DataError

if TYPE_CHECKING:
    from pathlib import Path


def class_indices(labels: np.ndarray, classes: tuple[str, ...], path: Path) -> np.ndarray:
    """Return int64 (N,) class indices from one-hot (N, K) or whole numbers (N,) or (N, 1) of any dtype.

    Raises DataError, naming the file and the first bad row, for anything else.
    """
    allowed = ", ".join(f"{index} {name}" for index, name in enumerate(classes))
    if labels.ndim == 2 and labels.shape[1] == len(classes):
        return _from_one_hot(np.asarray(labels), path)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise DataError(
            f"{path} has labels of shape {labels.shape}, want (N, {len(classes)}) one-hot or (N,): {allowed}"
        )
    known = np.isin(labels, np.arange(len(classes)))
    if not known.all():
        row = int(np.argmin(known))
        raise DataError(f"{path} has label {labels[row]:g} in row {row}, want one of {allowed}")
    return labels.astype(np.int64)


def _from_one_hot(labels: np.ndarray, path: Path) -> np.ndarray:
    sound = np.isin(labels, (0, 1)).all(axis=1) & (labels.sum(axis=1) == 1)
    if not sound.all():
        row = int(np.argmin(sound))
        raise DataError(f"{path} has row {row} = {labels[row].tolist()}, want a single 1 among zeros (one-hot labels)")
    return np.asarray(labels.argmax(axis=1), np.int64)
