"""Sinkhorn dynamic domain adaptation: task and alignment weigh themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from astrobench import Method
from torch import nn
from torch.nn.functional import cross_entropy

from astrobench_alignment.sinkhorn import check_fractions
from astrobench_alignment.transport import sinkhorn_divergence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench import Moment, Step

LEAST = 1e-3
SHARE = 0.25
# η₁ ≥ 1e-3, and η₂ ≥ η₁/4: alignment counts at most sixteen times the task


class Sidda(Method):
    """Learnable η₁ and η₂ that divide the task's and the alignment's loss."""

    needs_classes = True

    def __init__(self, weight: float, warmup: float, blur: float, scaling: float) -> None:
        super().__init__()
        self.weight, self.warmup, self.blur, self.scaling = weight, warmup, blur, scaling
        self.eta = nn.Parameter(torch.ones(2))
        self.uses_target = weight != 0

    def terms(self, source: Step, target: Step | None, moment: Moment) -> Mapping[str, torch.Tensor]:
        """Return the task term, in place of the engine's, with the alignment and the price of large η."""
        if target is None or source.labels is None or self.weight == 0 or moment.progress < self.warmup:
            return {}
        self._clamp()
        task = cross_entropy(source.logits, source.labels)
        apart = sinkhorn_divergence(source.latent, target.latent, blur=self.blur, scaling=self.scaling)
        halves = 1 / (2 * self.eta.square())
        return {
            "task": halves[0] * task,
            "sinkhorn": self.weight * halves[1] * apart,
            "eta": self.eta.abs().log().sum(),
        }

    @torch.no_grad()
    def _clamp(self) -> None:
        self.eta[0].clamp_(min=LEAST)
        self.eta[1] = torch.maximum(self.eta[1], SHARE * self.eta[0])


def sidda(
    features: int, classes: int, *, weight: float = 1.0, warmup: float = 0.1, blur: float = 0.05, scaling: float = 0.9
) -> Sidda:
    """Align latents by the Sinkhorn divergence S with weights that are learned beside the network.

    After a warm-up on the task alone (a fraction of the budget), the loss is CE/2η₁² + weight·S/2η₂² + ln η₁η₂,
    with η from 1 in the same optimiser, η₁ ≥ 0.001 and η₂ ≥ η₁/4. S has the cost ½‖u − v‖², summed over features
    as published; blur and scaling as in `sinkhorn`. CE has no class weights: it stands in place of the engine's.

    Raises:
        SuiteError: if blur or scaling is not inside (0, 1).

    Source: SIDDA, arXiv 2501.14048; warm-up of 5 in 50 epochs as in its example.
    """
    check_fractions("sidda", blur=blur, scaling=scaling)
    return Sidda(weight, warmup, blur, scaling)
