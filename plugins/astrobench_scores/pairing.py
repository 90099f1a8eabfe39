"""The same images in several predictions, matched by id."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import numpy as np
from astrobench import DataError, Prediction


def align(*predictions: Prediction) -> tuple[Prediction, ...]:
    """Return each prediction on the ids that all of them have, in sorted order.

    One prediction alone is sorted. Gram matrices are left out: they belong to the rows as predicted.

    Raises: DataError where an id names two images of one prediction, for then nothing can be matched by it.
    """
    named = [_unique(prediction) for prediction in predictions]
    common = reduce(np.intersect1d, named, np.unique(named[0]))
    return tuple(keep(prediction, _rows(ids, common)) for prediction, ids in zip(predictions, named, strict=True))


def keep(prediction: Prediction, rows: np.ndarray) -> Prediction:
    """Return a prediction on some of its rows, int64 (M,) or bool (N,), without Gram matrices."""
    return replace(
        prediction,
        ids=prediction.ids[rows],
        latent=prediction.latent[rows],
        logits=prediction.logits[rows],
        labels=prediction.labels[rows],
        facts={name: np.asarray(fact)[rows] for name, fact in prediction.facts.items()},
        grams=None,
        layers=(),
        objects=None if prediction.objects is None else prediction.objects[rows],
    )


def by_id(prediction: Prediction) -> Prediction:
    """Return a prediction in the order of its ids, which here may repeat."""
    return keep(prediction, np.argsort(np.asarray(prediction.ids, dtype=str), kind="stable"))


def _unique(prediction: Prediction) -> np.ndarray:
    ids = np.asarray(prediction.ids, dtype=str)
    known, counts = np.unique(ids, return_counts=True)
    if len(known) < len(ids):
        raise DataError(f"image id {str(known[counts > 1][0])!r} appears twice in one prediction: ids must be unique")
    return ids


def _rows(ids: np.ndarray, common: np.ndarray) -> np.ndarray:
    order = np.argsort(ids)
    return order[np.searchsorted(ids, common, sorter=order)]
