"""What the network took each class for."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from astrobench_scores.averages import fraction
from astrobench_scores.columns import columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench import Prediction, Score


def confusion(clean: Prediction, perturbed: Prediction) -> Mapping[str, Score]:
    """Score the fraction of each true class taken for each class; empty for a regression.

    confusion_<true>_<predicted>, row-normalised; n is the number of images of the true class, so the counts can be had
    back. A row sums to 1, less the images whose logits are not finite, which were taken for nothing.

    Source: galaxies.md §1.11.
    """
    if perturbed.task != "classification":
        return {}
    pairs = columns([f"{true}_{taken}" for true, taken in product(perturbed.classes, repeat=2)])
    counts, support = count_confusions(perturbed), np.bincount(perturbed.labels, minlength=len(perturbed.classes))
    of = np.repeat(support, len(perturbed.classes))
    return {
        f"confusion_{pair}": fraction(int(count), int(n), empty="no image of this class")
        for pair, count, n in zip(pairs, counts.ravel(), of, strict=True)
    }


def count_confusions(prediction: Prediction) -> np.ndarray:
    """Return int64 (K, K), images by true and by predicted class (the first of equal logits)."""
    finite = np.isfinite(prediction.logits).all(axis=1)
    outputs = prediction.logits.shape[1]
    codes = prediction.labels[finite] * outputs + prediction.logits[finite].argmax(axis=1)
    return np.bincount(codes, minlength=outputs**2).reshape(outputs, outputs)
