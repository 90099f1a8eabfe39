"""A network that tells source latents from target latents, and the gradient reversal that turns it into a teacher."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import softplus


class Discriminator(nn.Sequential):
    """Two hidden layers with ReLU and dropout, then one logit: above 0 for the source.

    Weights start as torch draws them, which suits any width; DeepMerge II's N(0, 0.01) suits 1024 alone.
    """

    def __init__(self, inputs: int, hidden: int, dropout: float) -> None:
        super().__init__(
            nn.Linear(inputs, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, 1),
        )


def domain_loss(
    source: torch.Tensor,
    target: torch.Tensor,
    source_weights: torch.Tensor | None = None,
    target_weights: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return the binary cross-entropy of domain logits float (n, 1) and (m, 1), both domains weighing one half.

    ln 2 at best where the domains cannot be told apart. weights: float (n,) and (m,), relative, in each domain.
    """
    return (_mean(softplus(-source), source_weights) + _mean(softplus(target), target_weights)) / 2


def reversed_gradient(values: torch.Tensor, strength: float) -> torch.Tensor:
    """Return the values as they are; their gradient is multiplied by −strength on the way back."""
    return _Reversal.apply(values, strength)  # type: ignore[no-any-return]


class _Reversal(torch.autograd.Function):
    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, values: torch.Tensor, strength: float) -> torch.Tensor:
        ctx.strength = strength  # type: ignore[attr-defined]
        return values.view_as(values)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, upstream: torch.Tensor) -> tuple[torch.Tensor, None]:
        return -ctx.strength * upstream, None  # type: ignore[attr-defined]


def _mean(losses: torch.Tensor, weights: torch.Tensor | None) -> torch.Tensor:
    return losses.mean() if weights is None else (weights * losses[:, 0]).sum() / weights.sum()
