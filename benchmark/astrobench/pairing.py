"""Which images of several predictions are the same: row by row in one test set, by id between two."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    from astrobench.types import Prediction


class Pairing(NamedTuple):
    """Images that several predictions have in common.

    rows: int64 (M,) for each prediction, where in it those images stand. ambiguous: how many ids that all of them have
    were left out, because they name several images in one of them.
    """

    rows: tuple[np.ndarray, ...]
    ambiguous: int = 0

    @property
    def note(self) -> str:
        """Return what was left out, or nothing."""
        ids = "1 id that names" if self.ambiguous == 1 else f"{self.ambiguous} ids that name"
        return f"{ids} several images in one domain left out" if self.ambiguous else ""


def paired_rows(*predictions: Prediction) -> Pairing:
    """Return where the images that all predictions have stand in each of them, in the order of ids, then rows.

    Predictions of one test set are matched row by row: each image with itself, however many images show one object.
    Others are matched by id, and only where an id names one image in each: of several images of one galaxy here and
    several there, nothing tells which belongs to which.

    Args:
        predictions: one or more; where one lacks `rows` or `test_set`, all are matched by id.
    """
    import numpy as np

    ids = [np.asarray(one.ids, dtype=str) for one in predictions]
    of_one_set = len({one.test_set for one in predictions}) == 1 and bool(predictions[0].test_set)
    if of_one_set and all(one.rows is not None for one in predictions):
        places = [np.asarray(one.rows) for one in predictions]
        common = reduce(np.intersect1d, places)
        names = ids[0][_found(places[0], common)]
        common = common[np.argsort(names, kind="stable")]
        return Pairing(tuple(_found(place, common) for place in places))
    counted = [np.unique(names, return_counts=True) for names in ids]
    everywhere = reduce(np.intersect1d, [known for known, _ in counted])
    common = reduce(np.intersect1d, [known[counts == 1] for known, counts in counted])
    return Pairing(tuple(_found(names, common) for names in ids), len(everywhere) - len(common))


def _found(known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return int64 (M,), where each of the wanted stands among the known."""
    import numpy as np

    order = np.argsort(known, kind="stable")
    return np.asarray(order[np.searchsorted(known, wanted, sorter=order)], dtype=np.int64)
