"""Batch nuclear norm: sure and diverse in one number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from astrobench.validators.probabilities import softmax

if TYPE_CHECKING:
    from astrobench.validators.snapshot import Snapshot


def bnm(snapshot: Snapshot) -> float:
    """Return the nuclear norm of the target's probabilities (M, K) over its largest value √(M·min(M, K)), up to 1.

    1: sure of every image, and all classes equally frequent. One class for all images earns 1/√K. Source: Cui et al.
    2020 (arXiv:2003.12237); as a validator Musgrave et al. 2022 (arXiv:2208.07360).
    """
    told = softmax(snapshot.target_logits)
    norm = np.linalg.svd(told, compute_uv=False).sum()
    return float(norm / np.sqrt(len(told) * min(told.shape)))
