"""The same images in several predictions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from astrobench import Prediction, paired_rows


def align(*predictions: Prediction) -> tuple[Prediction, ...]:
    """Return each prediction on the images that all of them have, in the order of ids, then rows.

    What is one image is `astrobench.paired_rows`'s to say: an id that names several images of one domain is left out
    between domains. Gram matrices are left out: they belong to the rows as predicted.
    """
    return tuple(map(keep, predictions, paired_rows(*predictions).rows))


def keep(prediction: Prediction, rows: np.ndarray) -> Prediction:
    """Return a prediction on some of its rows, int64 (M,) or bool (N,), without Gram matrices."""
    return replace(
        prediction,
        ids=prediction.ids[rows],
        latent=prediction.latent[rows],
        logits=prediction.logits[rows],
        labels=prediction.labels[rows] if prediction.labelled else None,  # type: ignore[arg-type] # see `Prediction`
        facts={name: np.asarray(fact)[rows] for name, fact in prediction.facts.items()},
        grams=None,
        layers=(),
        objects=None if prediction.objects is None else prediction.objects[rows],
        rows=None if prediction.rows is None else prediction.rows[rows],
    )


def by_id(prediction: Prediction) -> Prediction:
    """Return a prediction in the order of its ids, and of its rows where an id repeats."""
    rows = np.arange(len(prediction.ids)) if prediction.rows is None else prediction.rows
    return keep(prediction, np.lexsort((rows, np.asarray(prediction.ids, dtype=str))))
