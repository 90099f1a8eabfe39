"""How far scores would move with another draw of the test galaxies: the bootstrap, over objects.

Images of one object (flips, views) are drawn together, for they are right or wrong together: drawn one by one they
would count as independent, and intervals would come out too narrow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from astrobench import Streams

from astrobench_scores.weighted import AT_ONCE, Tally, areas, class_scores, tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from astrobench import Prediction

LEVEL = 0.95
MOST_VALUES = 10_000_000  # of all scores in all resamples that are held at a time: 80 MB
LEAST = 0.5  # of the resamples must give a number, or the interval would be that of other data


class Spread(NamedTuple):
    """A score's standard error and the ends of its 95 % interval over test objects."""

    se: float
    interval: tuple[float, float]


def spreads(images: Prediction, names: Mapping[str, str], resamples: int) -> dict[str, Spread]:
    """Return the spread of each score over resamples of the objects, percentiles 2.5 and 97.5.

    images: finite logits, in the order of ids. names: "precision_0" … → the score's own name, as `class_scores` counts
    classes. A score that exists in fewer than half of the resamples has no spread.

    Source: Efron & Tibshirani 1993, ch. 13; the cluster bootstrap of Davison & Hinkley 1997, §3.8.
    """
    known, codes = tally(images), tuple(names)
    found: dict[str, Spread | None] = {}
    each = max(MOST_VALUES // resamples, 1)
    for start in range(0, len(codes), each):  # what a thousand classes score in every resample is too much at once
        some = codes[start : start + each]
        drawn = np.concatenate(list(_resampled(known, some, resamples)), axis=1)
        found |= {names[code]: _spread(values) for code, values in zip(some, drawn, strict=True)}
    return {name: spread for name, spread in found.items() if spread is not None}


def _resampled(known: Tally, names: tuple[str, ...], resamples: int) -> Iterator[np.ndarray]:
    """Yield float64 (names, b): these scores in some resamples, NaN where one does not exist."""
    objects = len(known.objects)
    # The draw depends on how many objects there are and on nothing else: methods and seeds meet the same resamples.
    rng = Streams(f"astrobench_scores bootstrap of {objects}").all()
    for start in range(0, resamples, AT_ONCE):
        times = rng.multinomial(objects, np.full(objects, 1 / objects), min(AT_ONCE, resamples - start))
        scores = class_scores(known, times)
        if "roc_auc" in names:
            scores["roc_auc"] = areas(known, times)
        yield np.stack([scores[name] for name in names])


def _spread(values: np.ndarray) -> Spread | None:
    there = values[np.isfinite(values)]
    if len(there) < max(LEAST * len(values), 2):
        return None
    low, high = np.quantile(there, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Spread(float(there.std(ddof=1)), (float(low), float(high)))
