"""What one number says of a matrix of CKA between layers, float64 (…, L, L), or of many such matrices at once."""

from __future__ import annotations

import numpy as np

FEWEST_IMAGES = 4  # a batch: what `astrobench.minibatch_cka` asks for
FEWEST_LAYERS = 2


def third(layers: int) -> int:
    """Return how many layers a third is, rounded up."""
    return -(-layers // 3)


def off_diagonal(matrix: np.ndarray) -> np.ndarray:
    """Return the mean over pairs of different layers: 1 where all layers say the same."""
    return np.asarray(_pairs(matrix).mean(axis=-1))


def early_late(matrix: np.ndarray) -> np.ndarray:
    """Return the mean over the first third of the layers against the last."""
    few = third(matrix.shape[-1])
    return np.asarray(matrix[..., :few, -few:].mean(axis=(-2, -1)))


def effective_rank(matrix: np.ndarray) -> np.ndarray:
    """Return exp(H), H the entropy of the eigenvalues over their sum: from 1, all layers alike, to L, all distinct.

    The matrix is one of inner products, so no eigenvalue is below 0 but by rounding.

    Source: Roy & Vetterli (2007), EUSIPCO, 606.
    """
    shares = np.clip(np.linalg.eigvalsh(matrix), 0, None)
    shares = shares / shares.sum(axis=-1, keepdims=True)
    logarithms = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.asarray(np.exp(-(shares * logarithms).sum(axis=-1)))


def likeness(matrix: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return 1 less the mean absolute difference over pairs of different layers: 1 for equal matrices."""
    return np.asarray(1 - np.abs(_pairs(matrix) - _pairs(other)).mean(axis=-1))


def _pairs(matrix: np.ndarray) -> np.ndarray:
    first, second = np.triu_indices(matrix.shape[-1], k=1)
    return np.asarray(matrix[..., first, second])
