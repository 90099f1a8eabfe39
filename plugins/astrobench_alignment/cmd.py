"""Central moment discrepancy."""

from __future__ import annotations

from functools import partial

import torch
from astrobench import Alignment, SuiteError


def cmd(features: int, outputs: int, *, weight: float = 1.0, moments: int = 5) -> Alignment:
    """Align means and central moments of each latent feature, up to the order `moments`.

    Defined for bounded features, so the unbounded latent passes through tanh first, as the paper's tanh layer:
    ‖E s − E t‖/2 + Σ_k ‖c_k(s) − c_k(t)‖/2^k, where 2 is the length of [−1, 1]. 0 for identical batches.

    Raises:
        SuiteError: if moments is below 1.

    Source: Zellinger et al. 2017, arXiv 1702.08811, Definition 2.
    """
    if moments < 1:
        raise SuiteError(f"moments of cmd must be 1 or more, not {moments}")
    return Alignment(partial(moment_distance, moments=moments), weight, "cmd")


def moment_distance(source: torch.Tensor, target: torch.Tensor, *, moments: int) -> torch.Tensor:
    """Return the discrepancy, a scalar, of source float (n, F) and target float (m, F)."""
    s, t = source.tanh(), target.tanh()
    distance: torch.Tensor = torch.linalg.vector_norm(s.mean(dim=0) - t.mean(dim=0)) / 2
    s, t = s - s.mean(dim=0), t - t.mean(dim=0)
    for order in range(2, moments + 1):
        apart = s.pow(order).mean(dim=0) - t.pow(order).mean(dim=0)
        distance = distance + torch.linalg.vector_norm(apart) / 2**order
    return distance
