"""How far the probabilities of a network can be believed."""

from __future__ import annotations

import math

import numpy as np


def brier_terms(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return each image's Brier score Σ_k (p_k − y_k)², float64 (N,), from 0 to 2 for any number of classes.

    probabilities: float64 (N, K). labels: int64 (N,).

    Source: Brier (1950), doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.
    """
    truth = np.eye(probabilities.shape[1])[labels]
    return np.asarray(((probabilities - truth) ** 2).sum(axis=1))


def expected_calibration_error(confidence: np.ndarray, correct: np.ndarray, bins: int) -> float:
    """Return Σ_b (n_b/N)·|accuracy_b − confidence_b| over equal bins of confidence.

    confidence: float64 (N,), N ≥ 1, the highest probability of each image. correct: bool (N,). Bin b holds the
    confidences in (b/bins, (b+1)/bins]. The estimate is biased upwards where bins hold few images, so compare it at
    equal N only.

    Source: Naeini et al. (2015); Guo et al. (2017), arXiv:1706.04599, equation 3.
    """
    gap = correct - confidence
    bin_of = np.digitize(confidence, np.arange(1, bins) / bins, right=True)
    return math.fsum(abs(math.fsum(gap[bin_of == b])) for b in np.unique(bin_of)) / len(gap)
