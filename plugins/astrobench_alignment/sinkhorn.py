"""Optimal transport between latents, by the Sinkhorn divergence."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from astrobench import Alignment, SuiteError

from astrobench_alignment.transport import sinkhorn_divergence

if TYPE_CHECKING:
    import torch


def sinkhorn(
    features: int, outputs: int, *, weight: float = 1.0, blur: float = 0.05, scaling: float = 0.9
) -> Alignment:
    """Align latents by the debiased Sinkhorn divergence with the cost ‖u − v‖²/2F.

    The cost is a mean over the F features, so that a weight means the same at any width of the latent.
    blur: the scale below which transport is blurred, as a fraction of the largest distance between a source and a
    target latent of the batch (never below 0.01 latent units). scaling: how fast it is approached. 0 for
    identical batches.

    Raises:
        SuiteError: if blur or scaling is not inside (0, 1).

    Source: Feydy et al. 2019, arXiv 1810.08278; blur rule of SIDDA, arXiv 2501.14048.
    """
    check_fractions("sinkhorn", blur=blur, scaling=scaling)
    return Alignment(partial(divergence_per_feature, blur=blur, scaling=scaling), weight, "sinkhorn")


def divergence_per_feature(source: torch.Tensor, target: torch.Tensor, *, blur: float, scaling: float) -> torch.Tensor:
    """Return the Sinkhorn divergence over F, a scalar, of source float (n, F) and target float (m, F)."""
    return sinkhorn_divergence(source, target, blur=blur, scaling=scaling) / source.shape[1]


def check_fractions(method: str, **values: float) -> None:
    """Raise SuiteError unless every value lies inside (0, 1)."""
    for name, value in values.items():
        if not 0 < value < 1:
            raise SuiteError(f"{name} of {method} must be between 0 and 1, not {value}")
