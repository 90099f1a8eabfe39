"""How often networks were right, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from astrobench import paired_difference, paired_rows

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
    said = [one.predicted() for one in cells]
    rows = paired_rows(*said).rows if said else ()
    if not rows or not len(rows[0]):
        return Rate(np.nan, np.nan, np.nan, (), 0)
    right = np.stack([(one.logits.argmax(1) == one.labels)[some] for one, some in zip(said, rows, strict=True)])
    objects = (said[0].ids if said[0].objects is None else said[0].objects)[rows[0]]
    found = paired_difference(right, np.zeros_like(right), objects)
    low, high = found.interval()
    return Rate(found.value, max(low, 0.0), min(high, 1.0), tuple(right.mean(axis=1)), right.shape[1])
