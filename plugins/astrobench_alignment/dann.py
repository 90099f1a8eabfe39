"""Domain-adversarial training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from astrobench import Method

from astrobench_alignment.adversary import Discriminator, domain_loss, reversed_gradient
from astrobench_alignment.schedules import Schedule, strength_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from astrobench import Moment, Step


class Dann(Method):
    """A discriminator of domains that learns, and an encoder that unlearns what it uses."""

    def __init__(self, discriminator: Discriminator, weight: float, schedule: Schedule, rate: float) -> None:
        super().__init__()
        self.discriminator, self.weight, self.schedule = discriminator, weight, schedule
        self.rate, self.uses_target = rate, weight != 0

    def terms(self, source: Step, target: Step | None, moment: Moment) -> Mapping[str, torch.Tensor]:
        """Return the discriminator's loss; the encoder receives it reversed and weighted."""
        if target is None or self.weight == 0:
            return {}
        strength = self.weight * strength_at(moment.progress, self.schedule)
        domains = [self.discriminator(reversed_gradient(step.latent, strength)) for step in (source, target)]
        return {"domain": domain_loss(*domains)}


def dann(
    features: int,
    outputs: int,
    *,
    weight: float = 1.0,
    schedule: Literal["constant", "rising"] = "rising",
    hidden: int = 1024,
    dropout: float = 0.5,
    rate: float = 1.0,
) -> Dann:
    """Train latents from which a discriminator cannot tell source from target.

    weight scales the reversed gradient that reaches the encoder, not the discriminator's own learning, so the
    logged loss is a plain cross-entropy: ln 2 where the domains cannot be told apart. schedule: "rising" from 0
    to weight over the budget as Ganin's 2/(1 + exp(−10 p)) − 1, or "constant" as in DeepMerge II. rate:
    learning-rate factor of the discriminator.

    Source: Ganin et al. 2016, JMLR 17, 59, arXiv 1505.07818; sizes of DeepMerge II, arXiv 2103.01373.
    """
    return Dann(Discriminator(features, hidden, dropout), weight, schedule, rate)
