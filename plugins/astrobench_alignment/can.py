"""Contrastive adaptation: each class is aligned with itself and parted from the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from astrobench import Method
from torch.nn.functional import one_hot

from astrobench_alignment.centres import RunningCentres
from astrobench_alignment.kernels import squared_distances
from astrobench_alignment.mmd import median_rates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench import Moment, Step

MULTIPLES = (0.25, 0.5, 1.0, 2.0, 4.0)


class Can(Method):
    """Centres of the source classes and of the target's clusters, and the contrast between them."""

    needs_classes = True

    def __init__(self, shape: tuple[int, int], weight: float, radius: float, least: int, momentum: float) -> None:
        super().__init__()
        self.weight, self.radius, self.least = weight, radius, least
        self.source, self.target = (RunningCentres(*shape, momentum) for _ in range(2))
        self.uses_target = weight != 0

    def terms(self, source: Step, target: Step | None, moment: Moment) -> Mapping[str, torch.Tensor]:
        """Return the weighted contrastive domain discrepancy, over the classes that both batches hold."""
        if target is None or self.weight == 0 or source.labels is None:
            return {}
        near, labels = self._clustered(source, target)
        members = [one_hot(found, len(self.source.centres)).to(source.latent) for found in (source.labels, labels)]
        members[1] = members[1] * near[:, None]
        members = [held * (held.sum(dim=0) >= self.least) for held in members]
        return {"contrast": self.weight * contrast(source.latent, target.latent, *members)}

    @torch.no_grad()
    def _clustered(self, source: Step, target: Step) -> tuple[torch.Tensor, torch.Tensor]:
        """Return which target images lie near their cluster, bool (B,), and the cluster of each, int64 (B,)."""
        assert source.labels is not None
        self.source.update(source.latent, source.labels)
        unseen = self.target.centres.abs().sum(dim=1, keepdim=True) == 0
        self.target.centres = torch.where(unseen, self.source.centres, self.target.centres)
        cosines, labels = self.target.cosines(target.latent).max(dim=1)
        self.target.update(target.latent, labels)
        return (1 - cosines) / 2 < self.radius, labels


def can(
    features: int,
    classes: int,
    *,
    weight: float = 0.3,
    radius: float = 0.25,
    least: int = 3,
    momentum: float = 0.9,
) -> Can:
    """Align each class with its target cluster and part it from other clusters (contrastive domain discrepancy).

    Target images are clustered by direction around centres that start at the source classes' and follow the
    batches (spherical k-means with momentum); the paper clusters the whole target set before each epoch and draws
    class-balanced batches, which a loss alone cannot. Images farther than radius (half of 1 − cosine) from their
    centre, and classes of fewer than `least` images in a batch, are left out. 0 where no class is left; the value
    is negative where classes are apart.

    Source: Kang et al. 2019, arXiv 1901.00976, Eqs. 3-5; weight and the kernels' median as there.
    """
    return Can((classes, features), weight, radius, least, momentum)


def contrast(
    source: torch.Tensor, target: torch.Tensor, source_members: torch.Tensor, target_members: torch.Tensor
) -> torch.Tensor:
    """Return the mean discrepancy within classes less the mean between different classes, a scalar.

    source float (n, F), target float (m, F); members: 1 where a row belongs to a class, float (n, K) and (m, K).
    """
    apart = class_discrepancies(source, target, source_members, target_members)
    held = [(members.sum(dim=0) > 0).to(apart) for members in (source_members, target_members)]
    pairs = held[0][:, None] * held[1][None, :]
    same = torch.eye(len(pairs), device=pairs.device, dtype=pairs.dtype) * pairs
    return _mean(apart, same) - _mean(apart, pairs - same)


def class_discrepancies(
    source: torch.Tensor, target: torch.Tensor, source_members: torch.Tensor, target_members: torch.Tensor
) -> torch.Tensor:
    """Return MMD² (V-statistic, mean of five kernels) of each source class to each target class, float (K, K)."""
    points = torch.cat([source, target])
    distances = squared_distances(points)
    kernel = torch.stack([torch.exp(-rate * distances) for rate in median_rates(points.detach(), MULTIPLES)]).mean(0)
    shares = [held / held.sum(dim=0).clamp(min=1) for held in (source_members, target_members)]
    n = len(source)
    within = [
        torch.einsum("nk,nm,mk->k", share, part, share)
        for share, part in zip(shares, (kernel[:n, :n], kernel[n:, n:]), strict=True)
    ]
    return within[0][:, None] + within[1][None, :] - 2 * shares[0].T @ kernel[:n, n:] @ shares[1]


def _mean(values: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    return (values * chosen).sum() / chosen.sum().clamp(min=1)
