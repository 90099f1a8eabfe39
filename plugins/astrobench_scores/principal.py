"""Gram matrices without what a handful of far images rules."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh


def without_first_component(grams: np.ndarray) -> np.ndarray:
    """Return Gram matrices float64 (…, n, n) of the features without their first principal component, batch by batch.

    A handful of far images rules it, and can make all layers look alike.

    Source: Nguyen et al. (2022), arXiv:2202.07184.
    """
    kept = np.array(grams, dtype=np.float64, order="C")  # for reshape must give a view of it
    last = grams.shape[-1] - 1
    for matrix in kept.reshape(-1, *grams.shape[-2:]):
        if np.isfinite(matrix).all():
            value, vector = eigh(matrix, subset_by_index=(last, last))
            matrix -= value * vector @ vector.T
    return kept
