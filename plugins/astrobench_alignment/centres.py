"""Class centres that follow the latents through the training."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import normalize, one_hot


class RunningCentres(nn.Module):
    """Unit vectors, one a class, that move towards the mean direction of the class in each batch.

    centres: float32 (K, F), a buffer, so a resumed training goes on with them; rows of classes not yet seen are 0.
    """

    centres: torch.Tensor

    def __init__(self, classes: int, features: int, momentum: float) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("centres", torch.zeros(classes, features))

    @torch.no_grad()
    def update(self, latent: torch.Tensor, labels: torch.Tensor) -> None:
        """Move the centres of the classes that labels int64 (B,) name, by the latent float (B, F)."""
        members = one_hot(labels, len(self.centres)).to(latent.dtype)
        means = normalize(members.T @ normalize(latent))
        moved = normalize(self.momentum * self.centres + (1 - self.momentum) * means)
        self.centres = torch.where(members.sum(dim=0)[:, None] > 0, moved, self.centres)

    def cosines(self, latent: torch.Tensor) -> torch.Tensor:
        """Return the cosine of each latent float (B, F) with each centre, float (B, K)."""
        return normalize(latent) @ self.centres.T
