"""Scores of a test set in which objects count any number of times, for many such counts at once.

Letters: b resamples, G objects, N images, K classes. No array is larger than (b, N), (b, K) or (N, K): one of all
confusions, (G, K, K), takes gigabytes from a thousand classes on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse
from scipy.special import softmax

from astrobench_scores.calibration import brier_terms

if TYPE_CHECKING:
    from astrobench import Prediction

AT_ONCE = 128  # resamples in memory at a time


class Tally(NamedTuple):
    """A test set by object. objects: int64 (G,), images of each. owner: int64 (N,), the object of each image.

    hits, support, taken: sparse float64 (G, K), images by the class that was seen, is true, and was predicted. brier:
    float64 (G,), summed terms. probabilities: float64 (N, K). labels: int64 (N,).
    """

    objects: np.ndarray
    owner: np.ndarray
    hits: sparse.csr_array
    support: sparse.csr_array
    taken: sparse.csr_array
    brier: np.ndarray
    probabilities: np.ndarray
    labels: np.ndarray


def tally(images: Prediction) -> Tally:
    """Count a prediction of finite logits by object; without objects, each image is its own."""
    named = np.asarray(images.ids if images.objects is None else images.objects, dtype=str)
    owner = np.unique(named, return_inverse=True)[1]
    count, outputs = int(owner.max()) + 1, images.logits.shape[1]
    probabilities = softmax(images.logits.astype(np.float64), axis=1)
    labels, said = images.labels, images.logits.argmax(axis=1)
    right, every = labels == said, np.ones(len(labels), bool)

    def counted(of: np.ndarray, where: np.ndarray) -> sparse.csr_array:
        ones = np.ones(int(where.sum()))
        return sparse.csr_array((ones, (owner[where], of[where])), shape=(count, outputs))

    return Tally(
        np.bincount(owner, minlength=count),
        owner,
        counted(labels, right),
        counted(labels, every),
        counted(said, every),
        np.bincount(owner, brier_terms(probabilities, labels), count),
        probabilities,
        labels,
    )


def class_scores(known: Tally, times: np.ndarray) -> dict[str, np.ndarray]:
    """Return float64 (b,) a score: accuracy, recall, precision, f1, brier, and `precision_0` … for each class.

    times: int64 (b, G), how often each object counts. A class that is never predicted has precision 0, one neither
    there nor predicted F1 0, as in scikit-learn; the recall of a class without images is NaN.
    """
    hits, support, taken = (np.ascontiguousarray(times @ part) for part in (known.hits, known.support, known.taken))
    total = support.sum(axis=1)
    precision, f1 = hits / np.maximum(taken, 1), 2 * hits / np.maximum(support + taken, 1)
    accuracy = hits.sum(axis=1) / total
    scores = {
        "accuracy": accuracy,
        "recall": accuracy,
        "precision": (precision * support).sum(axis=1) / total,
        "f1": (f1 * support).sum(axis=1) / total,
        "brier": times @ known.brier / total,
    }
    for k in range(hits.shape[1]):
        scores[f"precision_{k}"], scores[f"f1_{k}"] = precision[:, k], f1[:, k]
        scores[f"recall_{k}"] = np.where(support[:, k] > 0, hits[:, k] / np.maximum(support[:, k], 1), np.nan)
    return scores


def areas(known: Tally, times: np.ndarray) -> np.ndarray:
    """Return float64 (b,): the area under the ROC curve, one class against the rest, mean over classes with images.

    For two classes the plain one. NaN where all images are of one class.
    """
    outputs = known.probabilities.shape[1]
    each = times[:, known.owner].astype(np.float64)
    wanted = [1] if outputs == 2 else list(range(outputs))
    found = np.stack([_area(known.probabilities[:, k], known.labels == k, each) for k in wanted])
    there = np.isfinite(found)
    return np.where(there.any(axis=0), np.where(there, found, 0).sum(axis=0) / np.maximum(there.sum(axis=0), 1), np.nan)


def _area(values: np.ndarray, positive: np.ndarray, each: np.ndarray) -> np.ndarray:
    """Return the weighted chance that a positive outranks a negative, ties half. each: float64 (b, N)."""
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(values[order]) > 0])  # runs of equal values
    ours = np.add.reduceat((each * positive)[:, order], starts, axis=1)
    others = np.add.reduceat((each * ~positive)[:, order], starts, axis=1)
    below = others.cumsum(axis=1) - others / 2
    pairs = ours.sum(axis=1) * others.sum(axis=1)
    return np.where(pairs > 0, (ours * below).sum(axis=1) / np.maximum(pairs, 1), np.nan)
