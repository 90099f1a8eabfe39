"""Waiting times of which some are known only from below, without dropping those."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Curve:
    """A Kaplan–Meier curve, float64 (T,) each, at every distinct time seen.

    times: ascending. alive: S just after each time. risk: images still unflipped just before. events: flips.
    """

    times: np.ndarray
    alive: np.ndarray
    risk: np.ndarray
    events: np.ndarray


def kaplan_meier(times: np.ndarray, seen: np.ndarray) -> Curve:
    """Return the product-limit curve of float64 (n,) times, n ≥ 1; where bool (n,) seen is False, T > time.

    Source: Kaplan & Meier (1958), doi:10.1080/01621459.1958.10501452.
    """
    distinct, which = np.unique(times, return_inverse=True)
    risk = len(times) - np.searchsorted(np.sort(times), distinct).astype(np.float64)
    events = np.bincount(which, weights=seen.astype(np.float64), minlength=len(distinct))
    return Curve(distinct, np.cumprod(1 - events / risk), risk, events)


def median(curve: Curve) -> float:
    """Return the first time by which half have flipped, or NaN where the curve never comes down to one half."""
    half = curve.times[curve.alive <= 0.5 + 1e-12]  # a product such as 3/4 · 2/3 may round to just above 1/2
    return float(half[0]) if len(half) else math.nan


def restricted_mean(curve: Curve) -> tuple[float, float]:
    """Return the mean of min(T, τ), τ the last time seen, and its standard error.

    The mean is the area under the curve from 0 to τ; the variance is Greenwood's, Σ Aᵢ²·dᵢ/(rᵢ(rᵢ − dᵢ)) with Aᵢ the
    area beyond time i. With nothing censored before τ they are the plain mean and population deviation over √n.

    Source: Klein & Moeschberger (2003), Survival Analysis, §4.5.
    """
    steps = np.diff(curve.times, prepend=0.0) * np.concatenate([[1.0], curve.alive[:-1]])
    beyond = np.cumsum(steps[::-1])[::-1] - steps
    left = curve.risk - curve.events
    weights = np.divide(curve.events, curve.risk * left, out=np.zeros_like(left), where=left > 0)
    return math.fsum(steps), math.sqrt(math.fsum(beyond**2 * weights))
