"""How far CKA would move with other simulations: the bootstrap over objects, on Gram matrices alone.

All maps of a simulation are drawn together, for they are alike: drawn one by one they would count as independent, and
errors would come out too small. Each object is drawn a Poisson(1) number of times, which is the bootstrap for a ratio,
in whose two parts the number of draws cancels; domains that hold the same objects draw them the same number of times.

An image drawn w times counts w_i w_j in every sum over pairs of images. The U-centring stays that of the whole sample:
its change moves HSIC in second order only, for centred rows sum to 0.

Source: Davison & Hinkley 1997, §3.8; Hušková & Janssen 1993, Ann. Statist. 21, 1811 (weighted U-statistics).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from astrobench import Streams, u_center

if TYPE_CHECKING:
    from collections.abc import Sequence

FEWEST_OBJECTS = 5  # fewer simulations say nothing of how simulations scatter
LEAST = 0.5  # of the resamples must give a number


def draws(objects: Sequence[np.ndarray], resamples: int) -> list[np.ndarray]:
    """Return how often each image is drawn, float64 (R, nb, n), for each array of objects str (nb, n).

    The draw depends on how many objects there are and on nothing else: methods and seeds meet the same resamples.
    """
    known, place = np.unique(np.concatenate([one.ravel() for one in objects]), return_inverse=True)
    stream = Streams(f"astrobench_scores.cka: bootstrap of {len(known)}").all()
    times = stream.poisson(1.0, (resamples, len(known))).astype(np.float64)
    times = times if len(known) >= FEWEST_OBJECTS else times[:0]
    parts = np.split(place, np.cumsum([one.size for one in objects])[:-1])
    return [times[:, part].reshape(-1, *one.shape) for part, one in zip(parts, objects, strict=True)]


def resampled_matrices(grams: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Return float64 (R, L, L), `minibatch_cka` of each resample of finite Gram matrices float64 (L, nb, n, n)."""
    layers = len(grams)
    products = np.zeros((layers, layers, len(drawn)))
    for flat, times in _by_batch(grams, drawn):
        for layer, values in enumerate(flat):
            products[layer, layer:] += (values * flat[layer:]) @ times
    upper = np.triu(np.moveaxis(products, 2, 0))
    norms = _roots(np.einsum("rll->rl", upper))
    whole = upper + np.triu(upper, 1).transpose(0, 2, 1)
    return np.asarray(whole / (norms[:, :, None] * norms[:, None, :]))


def resampled_diagonals(grams: np.ndarray, twins: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Return float64 (R, L), the CKA of each layer with itself on the twins, for each resample."""
    sums = np.zeros((3, len(grams), len(drawn)))
    for (left, times), (right, _) in zip(_by_batch(grams, drawn), _by_batch(twins, drawn), strict=True):
        sums += np.stack([left * right, left * left, right * right]) @ times
    return np.asarray((sums[0] / (_roots(sums[1]) * _roots(sums[2]))).T)


def spread_of(values: np.ndarray) -> float | None:
    """Return the standard deviation of a score over its resamples, or None where too few of them have one."""
    there = values[np.isfinite(values)]
    return float(there.std(ddof=1)) if len(there) >= max(2, LEAST * len(values)) else None


def _by_batch(grams: np.ndarray, drawn: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return, for each batch, U-centred pairs float64 (L, P) and how often each pair is drawn, float64 (P, R)."""
    first, second = np.triu_indices(grams.shape[-1], k=1)
    grams = np.where(np.isfinite(grams), grams, 0.0)
    return [
        (u_center(grams[:, batch])[:, first, second], (drawn[:, batch, first] * drawn[:, batch, second]).T)
        for batch in range(grams.shape[1])
    ]


def _roots(own: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.where(own > 0, own, np.nan)))
