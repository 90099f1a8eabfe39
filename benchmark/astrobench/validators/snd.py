"""Soft neighbourhood density: do target images that are told alike form dense groups?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from astrobench.validators.probabilities import entropies, softmax

if TYPE_CHECKING:
    from astrobench.validators.snapshot import Snapshot

TEMPERATURE = 0.05
"""As published (§3.2 of the paper)."""


def snd(snapshot: Snapshot) -> float:
    """Return the mean entropy of similarities between target predictions, in nats, from 0 to ln(M − 1).

    Predictions are probabilities scaled to length 1; each image's similarities to all others, itself left out, become
    a distribution by a softmax at temperature 0.05. One class for all images is dense as well: it earns the most.
    NaN for fewer than two images. Source: Saito et al. 2021 (arXiv:2108.10860).
    """
    told = softmax(snapshot.target_logits)
    n = len(told)
    if n < 2:
        return float("nan")
    told = told / np.linalg.norm(told, axis=1, keepdims=True)
    others = (told @ told.T)[~np.eye(n, dtype=bool)].reshape(n, n - 1)
    return float(entropies(softmax(others / TEMPERATURE)).mean())
