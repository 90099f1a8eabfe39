"""From logits to probabilities and what they say of certainty, in float64."""

from __future__ import annotations

import numpy as np


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return log-probabilities, float64 (N, K)."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    result: np.ndarray = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities, float64 (N, K)."""
    result: np.ndarray = np.exp(log_softmax(logits))
    return result


def entropies(probabilities: np.ndarray) -> np.ndarray:
    """Return −Σ p ln p of each row, in nats, float64 (N,); 0 ln 0 is 0."""
    safe = np.where(probabilities > 0, probabilities, 1.0)
    result: np.ndarray = -(probabilities * np.log(safe)).sum(axis=1)
    return result
