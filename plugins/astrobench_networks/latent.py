"""The linear bottleneck and the linear head that every network here ends in."""

from __future__ import annotations

from torch import nn

LATENT = 256
"""Width of the latent in DeepAdversaries; distances are only comparable within one width and one definition."""


def bottleneck(features: int, latent: int = LATENT) -> nn.Linear:
    """Return the linear map to the latent, weights N(0, 0.005), no activation after it."""
    return _linear(features, latent, deviation=0.005)


def head(outputs: int, latent: int = LATENT) -> nn.Linear:
    """Return the linear map from latent to logits, weights N(0, 0.01)."""
    return _linear(latent, outputs, deviation=0.01)


def _linear(inputs: int, outputs: int, *, deviation: float) -> nn.Linear:
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, 0.0, deviation)
    nn.init.zeros_(layer.bias)
    return layer
