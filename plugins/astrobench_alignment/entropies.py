"""The entropy of predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def entropies(logits: torch.Tensor) -> torch.Tensor:
    """Return −Σ_k p_k ln p_k of each row's softmax, in nats: float (B,) of logits float (B, K)."""
    logarithms = logits.log_softmax(dim=1)
    return -(logarithms.exp() * logarithms).sum(dim=1)
