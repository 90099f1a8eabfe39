"""The Gram matrices of a prediction, and which image stands in which of their rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from astrobench_scores.cka_summaries import FEWEST_IMAGES

if TYPE_CHECKING:
    from astrobench import Prediction


@dataclass(frozen=True, eq=False)
class Batches:
    """Gram matrices float64 (L, nb, n, n) of the layers named, on images int64 (nb, n) rows of a prediction.

    ids and objects: str (nb, n), the image's own name and that of what several images show (a simulation). test_set:
    as in `Prediction`.
    """

    grams: np.ndarray
    layers: tuple[str, ...]
    rows: np.ndarray
    ids: np.ndarray
    objects: np.ndarray
    test_set: str = ""

    @property
    def images(self) -> int:
        """Return how many different images there are: a further pass brings no new ones."""
        return len(np.unique(self.rows))

    def repeated(self) -> str:
        """Return an id that names several of the images, or nothing."""
        known, first = np.unique(self.rows, return_index=True)
        names, counts = np.unique(self.ids.ravel()[first], return_counts=True)
        return str(names[counts > 1][0]) if len(names) < len(known) else ""

    def fault(self) -> str:
        """Return why there is no CKA of these, or nothing."""
        batches, n = self.rows.shape
        if batches == 0:
            return "no batch of images"
        return f"a batch holds {n} images: at least {FEWEST_IMAGES} are needed" if n < FEWEST_IMAGES else ""

    def ordered(self, order: np.ndarray) -> Batches:
        """Return the same batches with the images of each in another order, int64 (nb, n)."""
        batch = np.arange(len(order))[:, None, None]
        grams = self.grams[:, batch, order[:, :, None], order[:, None, :]]
        rows, ids, objects = (np.take_along_axis(one, order, axis=1) for one in (self.rows, self.ids, self.objects))
        return replace(self, grams=grams, rows=rows, ids=ids, objects=objects)

    def rolled(self) -> Batches:
        """Return the batches with each in the place of the one before it, the first in that of the last."""
        rows, ids, objects = (np.roll(one, -1, axis=0) for one in (self.rows, self.ids, self.objects))
        return replace(self, grams=np.roll(self.grams, -1, axis=1), rows=rows, ids=ids, objects=objects)


def batches_of(prediction: Prediction) -> Batches | None:
    """Return the Gram matrices of a prediction with each batch in the order of its ids; None where it has none."""
    grams = prediction.grams
    if grams is None or not prediction.layers:
        return None
    _, batches, n, _ = grams.shape
    rows = prediction.gram_rows
    rows = np.arange(batches * n).reshape(batches, n) if rows is None else np.asarray(rows)
    ids = np.asarray(prediction.ids, dtype=str)
    objects = ids if prediction.objects is None else np.asarray(prediction.objects, dtype=str)
    found = Batches(np.asarray(grams), prediction.layers, rows, ids[rows], objects[rows], prediction.test_set)
    return found.ordered(np.argsort(found.ids, axis=1, kind="stable"))
