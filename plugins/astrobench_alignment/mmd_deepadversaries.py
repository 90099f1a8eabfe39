"""Maximum mean discrepancy exactly as DeepAdversaries trained with it."""

from __future__ import annotations

import torch
from astrobench import Alignment

from astrobench_alignment.kernels import kernel_sum, pair_weights

# σ of the 19 kernels exp(−‖u − v‖²/2σ): σ is not squared, so these are variances.
VARIANCES = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 5, 10, 15, 20, 25, 30, 35, 100, 1e3, 1e4, 1e5, 1e6)

FLOOR = 1e-4


def mmd_deepadversaries(features: int, outputs: int, *, weight: float = 0.01) -> Alignment:
    """Align latents by the 19-kernel, biased, clamped maximum mean discrepancy of DeepAdversaries, as published.

    Kernels are summed, not averaged; the V-statistic keeps each point's pair with itself, so two samples of one
    distribution give about 0.24 (128 points of a 256-d Gaussian), not 0. Never below 1e-4, where its gradient ends.

    Source: Ćiprijanović et al. 2022, DeepAdversaries, arXiv 2112.14299, and its code; kernels of DeepMerge II,
    arXiv 2103.01373. λ = 0.01 as there.
    """
    return Alignment(biased_mmd, weight, "mmd")


def biased_mmd(source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return the clamped V-statistic of 19 kernels, a scalar, of source float (n, F) and target float (m, F)."""
    rates = [0.5 / variance for variance in VARIANCES]
    value = kernel_sum(torch.cat([source, target]), pair_weights(source, target, biased=True), rates)
    return value.clamp(min=FLOOR)
