"""Maximum mean discrepancy between the latents of the two domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from astrobench.validators.snapshot import Snapshot

SCALES = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Kernel widths σ² as multiples of the median squared distance, so that a latent's size does not count."""


def mmd(snapshot: Snapshot) -> float:
    """Return minus the unbiased MMD² between source and target latents, mean over five Gaussian kernels.

    k = exp(−d²/(2σ²)), σ² the median squared distance between two distinct points of the pooled sample times ¼ … 4.
    0 on average where the domains agree; it says nothing of classes. NaN for fewer than two images of a domain, or
    latents that are all the same. Source: Gretton et al. 2012 (JMLR 13, 723), Eq. 3.
    """
    source, target = snapshot.source_latent, snapshot.target_latent
    n, m = len(source), len(target)
    distances = squared_distances(np.concatenate([source, target]))
    median = float(np.median(distances[np.triu_indices(n + m, 1)])) if n + m > 1 else 0.0
    if min(n, m) < 2 or median == 0:
        return float("nan")
    kernel = np.mean([np.exp(-distances / (2 * scale * median)) for scale in SCALES], axis=0)
    np.fill_diagonal(kernel, 0)
    within = kernel[:n, :n].sum() / (n * (n - 1)) + kernel[n:, n:].sum() / (m * (m - 1))
    return -float(within - 2 * kernel[:n, n:].mean())


def squared_distances(points: np.ndarray) -> np.ndarray:
    """Return ‖p_i − p_j‖², float64 (N, N), of points (N, F)."""
    points = points - points.mean(axis=0)
    squares = np.square(points).sum(axis=1)
    result: np.ndarray = np.maximum(squares[:, None] + squares[None, :] - 2 * points @ points.T, 0)
    return result
