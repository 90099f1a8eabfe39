"""How numbers are learned: a mean and a standard deviation for each target, by the moment loss.

A network for P targets has 2·P outputs. The first P are posterior means, the last P are roots of posterior standard
deviations (they are squared, so that no deviation is negative). Both are learned in units of each target's range and
stored in the units of the labels. Source: Jeffrey & Wandelt 2020 (arXiv:2011.05991), as in CMD (arXiv:2109.10915).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence


def moment_loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the mean over targets of ln⟨(μ − θ)²⟩ + ln⟨((μ − θ)² − σ²)²⟩, a scalar; ⟨⟩ is the mean over images.

    outputs: float32 (B, 2P), μ and roots of σ. targets: float32 (B, P), θ. The logarithm is of batch means, so a loss
    depends on the size of the batch: compare losses of one size.
    """
    means, deviations = moments(outputs)
    squares = (means - targets).square()
    spread = (squares - deviations.square()).square()
    least = torch.finfo(squares.dtype).tiny
    return (squares.mean(0).clamp(min=least).log() + spread.mean(0).clamp(min=least).log()).mean()


def moments(outputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return means and standard deviations, float32 (B, P) each, of outputs float32 (B, 2P)."""
    means, roots = outputs.chunk(2, dim=1)
    return means, roots.square()


def determination(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return R² = 1 − Σ(μ − θ)²/Σ(θ − ⟨θ⟩)², averaged over the targets; 0 is no better than their mean."""
    missed = (moments(outputs)[0] - targets).square().sum(0)
    return (1 - missed / (targets - targets.mean(0)).square().sum(0)).mean()


def in_ranges(labels: np.ndarray, ranges: Sequence[tuple[float, float]]) -> np.ndarray:
    """Return labels (N, P) as float32 fractions of their ranges: 0 at the low end, 1 at the high end."""
    low, width = _spans(ranges)
    scaled: np.ndarray = ((labels - low) / width).astype(np.float32)
    return scaled


def posterior(outputs: np.ndarray, ranges: Sequence[tuple[float, float]]) -> np.ndarray:
    """Return outputs (N, 2P) as float32 means and standard deviations in the units of the labels."""
    low, width = _spans(ranges)
    means, roots = np.split(outputs.astype(np.float64), 2, axis=1)
    return np.concatenate([low + means * width, roots**2 * width], axis=1).astype(np.float32)


def _spans(ranges: Sequence[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.array(ranges, np.float64).T
    return low, high - low
