"""Sums over the errors of a regression, object by object, so that objects can be drawn any number of times.

Letters: b resamples, G objects, N images, P targets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from astrobench import Streams

from astrobench_scores.resampling import LEVEL, Spread
from astrobench_scores.weighted import AT_ONCE

if TYPE_CHECKING:
    from astrobench import Prediction

LEAST_WIDTH = 1e-3
"""Smallest standard deviation that a z-score divides by, as a fraction of the target's range (a width may be 0)."""


class Errors(NamedTuple):
    """Errors of one target. objects: str (G,), sorted. sums: float64 (G, 8), sums over each object's images of

    1, μ − θ, (μ − θ)², ((μ − θ)/θ)², ((μ − θ)/σ)², σ, θ, θ². z: float64 (N,), |μ − θ|/σ.
    """

    objects: np.ndarray
    sums: np.ndarray
    z: np.ndarray


def errors_of(images: Prediction, target: int) -> Errors:
    """Return the errors of one target, in the order of the images; the width is floored at 0.001 of its range."""
    targets = images.labels.shape[1]
    truth = images.labels[:, target].astype(np.float64)
    missed = images.logits[:, target].astype(np.float64) - truth
    low, high = images.ranges[target] if images.ranges else (truth.min(), truth.max())
    width = images.logits[:, targets + target].astype(np.float64)
    z = missed / np.maximum(width, max(LEAST_WIDTH * (high - low), np.finfo(float).tiny))
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = missed / truth
    rows = [np.ones_like(truth), missed, missed**2, relative**2, z**2, width, truth, truth**2]
    named = np.asarray(images.ids if images.objects is None else images.objects, dtype=str)
    objects, owner = np.unique(named, return_inverse=True)
    sums = np.stack([np.bincount(owner, row, len(objects)) for row in rows], axis=1)
    return Errors(objects, sums, np.abs(z))


def measures(sums: np.ndarray) -> dict[str, np.ndarray]:
    """Return each measure, float64 (…), of sums float64 (…, 8); R² is NaN where all truths are one value."""
    count, missed, squares, relative, z, width, truth, truths = np.moveaxis(sums, -1, 0)
    scatter = truths - truth**2 / count
    known = scatter > 1e-12 * truths
    with np.errstate(divide="ignore", invalid="ignore"):
        determined = np.where(known, 1 - squares / scatter, np.nan)
    return {
        "r2": determined,
        "rmse": np.sqrt(squares / count),
        "rel": np.sqrt(relative / count),
        "bias": missed / count,
        "chi2": z / count,
        "width": width / count,
    }


def resampled(errors: Errors, resamples: int) -> np.ndarray:
    """Return the sums of `resamples` draws of as many objects, float64 (b, 8).

    The draw depends on the names of the objects alone: methods, seeds and paired domains meet the same one.
    """
    count = len(errors.objects)
    rng = Streams("astrobench_scores errors").of("\x1f".join(errors.objects.tolist()))
    starts = range(0, resamples, AT_ONCE)  # all draws at once are as many numbers as objects times resamples
    some = (rng.multinomial(count, np.full(count, 1 / count), min(AT_ONCE, resamples - at)) for at in starts)
    return np.concatenate([errors.sums[:0], *(times @ errors.sums for times in some)])


def spread(values: np.ndarray) -> Spread | None:
    """Return standard deviation and the middle 95 % of float64 (b,) resampled scores, None where most do not exist."""
    there = values[np.isfinite(values)]
    if len(there) < max(len(values) / 2, 2):
        return None
    low, high = np.quantile(there, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Spread(float(there.std(ddof=1)), (float(low), float(high)))
