"""Debiased minibatch linear CKA of every layer with every layer, as the scores `cka_*` have it.

Written once more, and held to the scores' own by a test, for no plugin stands on another.
"""

from __future__ import annotations

import numpy as np

FEWEST_IMAGES = 4
CONSTANT = 1e-12  # of a Gram matrix: centring leaves rounding where there is no structure


def layer_matrix(grams: np.ndarray) -> np.ndarray:
    """Return float64 (L, L) from Gram matrices float64 (L, nb, n, n) of at least 4 images a batch.

    Row and column of a layer that is constant, or not finite, are NaN.

    Source: Nguyen et al. (2021), arXiv:2010.15327; Székely & Rizzo (2014), doi:10.1214/14-AOS1255.
    """
    finite = np.isfinite(grams).all(axis=(1, 2, 3))
    sound = np.where(finite[:, None, None, None], grams, 0.0)
    flat = _doubly_centred(sound).reshape(len(grams), -1)
    products, sizes = flat @ flat.T, (sound**2).sum(axis=(1, 2, 3))
    own = np.diag(products)
    norms = np.sqrt(np.where(own > CONSTANT**2 * sizes, own, np.nan))
    return np.asarray(products / np.outer(norms, norms))


def _doubly_centred(grams: np.ndarray) -> np.ndarray:
    """Return Gram matrices (…, n, n) with zero diagonal and rows that sum to 0: products of such are unbiased."""
    n = grams.shape[-1]
    beside = 1.0 - np.eye(n)
    bare = grams * beside
    rows = bare.sum(axis=-1) / (n - 2)
    total = rows.sum(axis=-1)[..., None, None] / (n - 1)
    return np.asarray((bare - rows[..., :, None] - rows[..., None, :] + total) * beside)
