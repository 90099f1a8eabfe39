"""How often networks were right, and how sure that is."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from astrobench import paired_difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench import Exhibit


class Rate(NamedTuple):
    """A fraction of images that were right, with the ends of its 95 % interval; NaN where there is no image.

    each: that of each seed.
    """

    value: float
    low: float
    high: float
    each: tuple[float, ...]
    images: int

    @property
    def seeds(self) -> int:
        """Return how many seeds it rests on."""
        return len(self.each)


def rate_of(cells: Sequence[Exhibit]) -> Rate:
    """Return how often cells that differ in their seed alone were right, on the images that all of them met.

    The interval is the leaderboard's for a gain, here over a network that is never right: Student's over seeds and
    that over images, whose variances add; over images alone where there is one seed.
    """
    known = [_right(one) for one in cells]
    common = reduce(np.intersect1d, [ids for ids, _ in known]) if known else np.array([])
    if not len(common):
        return Rate(np.nan, np.nan, np.nan, (), 0)
    right = np.stack([outcomes[np.isin(ids, common)] for ids, outcomes in known])
    found = paired_difference(right, np.zeros_like(right))
    low, high = found.interval()
    return Rate(found.value, max(low, 0.0), min(high, 1.0), tuple(right.mean(axis=1)), len(common))


def _right(cell: Exhibit) -> tuple[np.ndarray, np.ndarray]:
    """Return ids str (N,) in order, and whether the network was right, bool (N,)."""
    said = cell.predicted()
    order = np.argsort(said.ids)
    return said.ids[order], (said.logits.argmax(1) == said.labels)[order]
