"""Conditional domain-adversarial training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from astrobench import Method

from astrobench_alignment.adversary import Discriminator, domain_loss, reversed_gradient
from astrobench_alignment.entropies import entropies
from astrobench_alignment.schedules import Schedule, strength_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench import Moment, Step


class Cdan(Method):
    """A discriminator that sees each latent in the light of its predicted class."""

    needs_classes = True

    def __init__(
        self, discriminator: Discriminator, weight: float, schedule: Schedule, rate: float, *, entropy: bool
    ) -> None:
        super().__init__()
        self.discriminator, self.weight, self.schedule, self.entropy = discriminator, weight, schedule, entropy
        self.rate, self.uses_target = rate, weight != 0

    def terms(self, source: Step, target: Step | None, moment: Moment) -> Mapping[str, torch.Tensor]:
        """Return the discriminator's loss; the encoder receives it reversed and weighted."""
        if target is None or self.weight == 0:
            return {}
        strength = self.weight * strength_at(moment.progress, self.schedule)
        domains = [self.discriminator(reversed_gradient(conditioned(step), strength)) for step in (source, target)]
        weights = [certainties(step.logits) for step in (source, target)] if self.entropy else []
        return {"domain": domain_loss(*domains, *weights)}


def cdan(
    features: int,
    classes: int,
    *,
    weight: float = 1.0,
    entropy: bool = False,
    schedule: Literal["constant", "rising"] = "rising",
    hidden: int = 1024,
    dropout: float = 0.5,
    rate: float = 1.0,
) -> Cdan:
    """Train latents whose outer product with the predicted classes hides the domain.

    The discriminator sees softmax ⊗ latent (features × classes numbers); the softmax is taken as given, without
    gradient. entropy: images of certain prediction count more, by 1 + exp(−H) (CDAN+E). weight, schedule, rate
    as in `dann`; ln 2 where the domains cannot be told apart.

    Source: Long et al. 2018, arXiv 1705.10667, Eqs. 4 and 9.
    """
    discriminator = Discriminator(features * classes, hidden, dropout)
    return Cdan(discriminator, weight, schedule, rate, entropy=entropy)


def conditioned(step: Step) -> torch.Tensor:
    """Return softmax ⊗ latent, float32 (B, K·F)."""
    predicted = step.logits.detach().softmax(dim=1)
    return (predicted[:, :, None] * step.latent[:, None, :]).flatten(1)


def certainties(logits: torch.Tensor) -> torch.Tensor:
    """Return 1 + exp(−H) of each prediction, float32 (B,), without gradient."""
    return 1 + torch.exp(-entropies(logits.detach()))
