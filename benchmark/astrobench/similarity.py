"""Debiased minibatch linear CKA between any layers, from Gram matrices alone.

Two layers that saw the same n images in the same order have Gram matrices K = XXᵀ and L = YYᵀ. HSIC₁ is unbiased at
any n ≥ 4, so sums of it over batches have expectations that do not depend on the batch size; CKA is a ratio of such
sums. It may be slightly negative, and is never clamped. The biased estimator is not offered: with more features than
images it says 0.9 of noise.
"""

from __future__ import annotations

import numpy as np

from astrobench.errors import DataError

FEWEST_IMAGES = 4
"""The unbiased HSIC of n images divides by n - 3."""
CONSTANT = 1e-12  # U-centring leaves rounding of about 1e-15 of a Gram matrix that has no structure


def u_center(grams: np.ndarray) -> np.ndarray:
    """Return float64 (…, n, n) symmetric Gram matrices with zero diagonal and rows that sum to 0.

    Centring the features first changes nothing here but the rounding, which it saves.

    Raises: DataError for fewer than 4 images.

    Source: Székely & Rizzo (2014), doi:10.1214/14-AOS1255; Nguyen et al. (2021), arXiv:2010.15327.
    """
    n = grams.shape[-1]
    if n < FEWEST_IMAGES:
        raise DataError(f"a batch holds {n} images: debiased CKA needs at least {FEWEST_IMAGES}")
    centred = _without_diagonal(grams)
    rows = centred.sum(axis=-1) / (n - 2)
    rows -= rows.sum(axis=-1, keepdims=True) / (2 * (n - 1))
    return _without_diagonal(centred - (rows[..., :, None] + rows[..., None, :]))


def hsic1(left: np.ndarray, right: np.ndarray) -> float:
    """Return the unbiased HSIC of two float64 (n, n) Gram matrices.

    Raises: DataError for fewer than 4 images.

    Source: Song et al. (2012), Journal of Machine Learning Research 13, 1393–1434.
    """
    n = len(left)
    return float((u_center(left) * u_center(right)).sum() / (n * (n - 3)))


def minibatch_cka(grams: np.ndarray) -> np.ndarray:
    """Return float64 (L, L), the CKA of every layer with every layer, from float64 (L, nb, n, n) Gram matrices.

    Σ_b HSIC₁(K_b, L_b)/√(Σ_b HSIC₁(K_b, K_b)·Σ_b HSIC₁(L_b, L_b)). Row and column of a layer that is constant, or not
    finite, are NaN, its diagonal too.

    Raises: DataError for fewer than 4 images in a batch.

    Source: Nguyen et al. (2021), arXiv:2010.15327; cosmology-cka.md (c.1).
    """
    layers, batches, n, _ = grams.shape
    finite = np.isfinite(grams).all(axis=(1, 2, 3))
    products, sizes = np.zeros((layers, layers)), np.zeros(layers)
    for batch in range(batches):
        stack = np.where(finite[:, None, None], grams[:, batch], 0.0)
        flat = u_center(stack).reshape(layers, n * n)
        products += flat @ flat.T  # n(n − 3) cancels in the ratio
        sizes += (stack**2).sum(axis=(1, 2))
    return _normalised(products, sizes)


def _normalised(products: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    own = np.diag(products)
    norms = np.sqrt(np.where(own > CONSTANT**2 * sizes, own, np.nan))
    return np.asarray(products / np.outer(norms, norms))


def _without_diagonal(matrices: np.ndarray) -> np.ndarray:
    copy = np.array(matrices, dtype=np.float64)
    index = np.arange(copy.shape[-1])
    copy[..., index, index] = 0.0
    return copy
