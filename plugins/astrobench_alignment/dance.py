"""Neighbourhood clustering and entropy separation, for a target that may hold unknown classes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from astrobench import Method
from torch.nn.functional import normalize

from astrobench_alignment.centres import RunningCentres
from astrobench_alignment.entropies import entropies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench import Moment, Step


class Dance(Method):
    """A memory of target latents, in which each target image finds its neighbours."""

    needs_classes = True
    memory: torch.Tensor

    def __init__(
        self, shape: tuple[int, int], weight: float, *, margin: float, temperature: float, memory: int
    ) -> None:
        super().__init__()
        self.weight, self.temperature = weight, temperature
        self.threshold = math.log(shape[0]) / 2
        self.margin = margin * self.threshold
        self.classes = RunningCentres(*shape, momentum=0.9)
        self.register_buffer("memory", torch.zeros(memory, shape[1]))
        self.uses_target = weight != 0

    def terms(self, source: Step, target: Step | None, moment: Moment) -> Mapping[str, torch.Tensor]:
        """Return the weighted entropies of the neighbourhood and of the known classes."""
        if target is None or self.weight == 0 or source.labels is None:
            return {}
        self.classes.update(source.latent, source.labels)
        neighbours = self.weight * entropies(self._similarities(target.latent)).mean()
        self._remember(target.latent)
        return {"neighbours": neighbours, "separation": self.weight * self._separation(target.logits)}

    def _similarities(self, latent: torch.Tensor) -> torch.Tensor:
        """Return the cosines with class centres, memory and batch over the temperature; −10⁴ for none and itself."""
        inside = normalize(latent)
        itself = torch.eye(len(latent), dtype=torch.bool, device=latent.device)
        empty = torch.cat([self.classes.centres, self.memory]).abs().sum(dim=1) == 0
        known = inside @ torch.cat([self.classes.centres, self.memory]).T
        hidden = torch.cat([empty.expand(len(latent), -1), itself], dim=1)
        return (torch.cat([known, inside @ inside.T], dim=1) / self.temperature).masked_fill(hidden, -1e4)

    def _separation(self, logits: torch.Tensor) -> torch.Tensor:
        """Return −|H − ρ| averaged, where it exceeds the margin: sure images grow surer, doubtful ones unknown."""
        apart = (entropies(logits) - self.threshold).abs()
        return -torch.where(apart > self.margin, apart, torch.zeros_like(apart)).mean()

    @torch.no_grad()
    def _remember(self, latent: torch.Tensor) -> None:
        self.memory = torch.cat([normalize(latent), self.memory])[: len(self.memory)]


def dance(
    features: int,
    classes: int,
    *,
    weight: float = 0.05,
    margin: float = 0.33,
    temperature: float = 0.05,
    memory: int = 512,
) -> Dance:
    """Draw each target image to its nearest neighbours or class, and part sure from doubtful predictions.

    Minimises the entropy of softmax(cosine/temperature) over the class centres, the last `memory` target latents
    and the batch, and −|H(p) − ρ| where it exceeds margin·ρ, with ρ = ln(classes)/2. A prediction with H(p) > ρ
    is of an unknown class: score it from the saved logits. margin is a fraction of ρ (the paper's 0.5 nats of
    ρ ≈ 1.5): at three classes 0.5 nats would leave nothing to separate. Running means of the source classes stand
    in for the cosine classifier's weights, and a queue for the paper's bank of one latent an image, in which an
    image could be told from its own older copy. The floor is −weight·ρ: every prediction certain, every neighbour
    sure.

    Source: Saito et al. 2020, arXiv 2002.07953, Eqs. 2-5.
    """
    return Dance((classes, features), weight, margin=margin, temperature=temperature, memory=memory)
