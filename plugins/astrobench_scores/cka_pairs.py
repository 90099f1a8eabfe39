"""Which images of two sets of batches stand for the same thing: the same object, or the same labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from astrobench import SuiteError
from astrobench.errors import did_you_mean
from scipy.optimize import linear_sum_assignment

if TYPE_CHECKING:
    from astrobench import Prediction

    from astrobench_scores.cka_batches import Batches

FAR = 1e6  # the price of pairing an image with one of its own object: more than any sum of distances


class Pairs(NamedTuple):
    """Batches row by row partners, the median distance of their labels, and why they cannot be used, or nothing."""

    left: Batches
    right: Batches
    distance: float = 0.0
    fault: str = ""


def same_images(left: Batches, right: Batches) -> bool:
    """Say whether both hold images of the same ids batch by batch. Both are in the order of their ids."""
    return np.array_equal(left.ids, right.ids)


def ambiguous(left: Batches, right: Batches) -> str:
    """Return why ids do not tell which image is whose partner, or nothing: in one test set each is its own."""
    one_set = bool(left.test_set) and left.test_set == right.test_set and np.array_equal(left.rows, right.rows)
    name = "" if one_set else left.repeated() or right.repeated()
    return name and f"id {name!r} names several images: nothing tells which is the partner of which"


def same_labels(left: Batches, right: Batches, of_left: np.ndarray, of_right: np.ndarray) -> Pairs:
    """Pair each image with the one of nearest labels in the other set's next batch, without replacement.

    of_left, of_right: float64 (N, T), the labels of the predictions, as `comparable` gives them. The sum of squared
    distances is the least possible. An image is never paired with one of its own object: that would be more than its
    labels. Taking the next batch, not the same, lets a set be paired with itself by the same rule.
    """
    partner = right.rolled()
    order = np.empty_like(partner.rows)
    apart = np.empty(left.rows.shape)
    for batch, (rows, others) in enumerate(zip(left.rows, partner.rows, strict=True)):
        squares = ((of_left[rows][:, None] - of_right[others][None]) ** 2).sum(axis=-1)
        own = left.objects[batch][:, None] == partner.objects[batch][None]
        _, order[batch] = linear_sum_assignment(squares + FAR * own)
        apart[batch] = np.sqrt(np.take_along_axis(squares + FAR * own, order[batch][:, None], axis=1)[:, 0])
    fault = "too few objects to pair by label" if apart.max(initial=0) ** 2 >= FAR else ""
    return Pairs(left, partner.ordered(order), float(np.median(apart)), fault)


def comparable(one: Prediction, other: Prediction, targets: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Return both predictions' labels, float64 (N, T): fractions of the targets' ranges, or one column a class.

    targets: which of the targets of a regression; all where none is named. One that is not known everywhere is left
    out. Two images of different classes are √2 apart.

    Raises: SuiteError for a target that there is not.
    """
    wrong = [name for name in targets if name not in one.classes]
    if wrong:
        raise SuiteError(f"cka: there is no target {wrong[0]!r}{did_you_mean(wrong[0], one.classes)}")
    if one.task == "classification":
        every = np.eye(len(one.classes))
        return every[np.asarray(one.labels)], every[np.asarray(other.labels)]
    columns = [one.classes.index(name) for name in targets] or list(range(one.labels.shape[1]))
    values = [np.asarray(labels, np.float64)[:, columns] for labels in (one.labels, other.labels)]
    ends = np.asarray(one.ranges, np.float64)[columns] if one.ranges else _span(values[0])
    known = np.isfinite(np.concatenate(values)).all(axis=0)
    scaled = [((value - ends[:, 0]) / np.maximum(ends[:, 1] - ends[:, 0], 1e-300))[:, known] for value in values]
    return scaled[0], scaled[1]


def _span(labels: np.ndarray) -> np.ndarray:
    return np.stack([np.nanmin(labels, axis=0), np.nanmax(labels, axis=0)], axis=1)
