"""Sums of Gaussian kernels over all pairs of two batches, with the gradient worked out by hand.

Autograd would keep one (n + m)² matrix a kernel and walk each twice; here one matrix of squared distances serves
value and gradient of any number of kernels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.autograd.function import once_differentiable

if TYPE_CHECKING:
    from collections.abc import Sequence

LOWEST = -60.0
"""Least exponent of a kernel: e⁻⁶⁰ is nothing beside 1, and where exp underflows a CPU is fifty times slower."""


def pair_weights(source: torch.Tensor, target: torch.Tensor, *, biased: bool) -> torch.Tensor:
    """Return the weight of each pair of the pooled batch in MMD², float (n + m, n + m).

    biased: the V-statistic, each domain's mean over all its pairs, a point with itself included. Otherwise the
    U-statistic, over distinct pairs only.
    """
    n, m = len(source), len(target)
    weights = source.new_full((n + m, n + m), -1 / (n * m))
    weights[:n, :n] = 1 / (n * n) if biased else 1 / (n * max(n - 1, 1))
    weights[n:, n:] = 1 / (m * m) if biased else 1 / (m * max(m - 1, 1))
    return weights if biased else weights.fill_diagonal_(0)


def squared_distances(points: torch.Tensor) -> torch.Tensor:
    """Return ‖p_i − p_j‖², float (n, n), of points float (n, F); pairs closer than rounding can tell give 0.

    Centred first: the squares that cancel are then of the size of the distances, so float32 keeps six digits.
    """
    points = points - points.mean(dim=0)
    squares = points.square().sum(dim=1)
    both = squares[:, None] + squares[None, :]
    distances = torch.addmm(both, points, points.T, alpha=-2)
    rounding = 8 * torch.finfo(points.dtype).eps
    distances.masked_fill_(distances <= rounding * both, 0)
    return distances.fill_diagonal_(0)


def kernel_sum(points: torch.Tensor, weights: torch.Tensor, rates: Sequence[float] | torch.Tensor) -> torch.Tensor:
    """Return Σ_ij w_ij Σ_r exp(−r ‖p_i − p_j‖²), a scalar that is differentiable in the points, once.

    points: float (n, F). weights: float (n, n), symmetric. rates: one a kernel, 1/(2σ²).
    """
    return _KernelSum.apply(points, weights, rates)  # type: ignore[no-any-return]


class _KernelSum(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx,
        points: torch.Tensor,
        weights: torch.Tensor,
        rates: Sequence[float] | torch.Tensor,
    ) -> torch.Tensor:
        distances = squared_distances(points)
        values, slopes, kernel = torch.zeros_like(distances), torch.zeros_like(distances), torch.empty_like(distances)
        for rate in rates:
            torch.mul(distances, -rate, out=kernel).clamp_(min=LOWEST).exp_()
            values += kernel
            slopes -= kernel.mul_(rate)
        slopes.mul_(weights).masked_fill_(distances == 0, 0)  # steep kernels would cancel badly where p_i = p_j
        ctx.save_for_backward(4 * (slopes.sum(dim=1, keepdim=True) * points - slopes @ points))
        return (weights * values).sum()

    @staticmethod
    @once_differentiable
    def backward(ctx: torch.autograd.function.FunctionCtx, upstream: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (gradient,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return upstream * gradient, None, None
