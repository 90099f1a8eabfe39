"""What a domain-adaptation method is: named loss terms for a source batch and a target batch.

The engine owns the loop (budget, batches, optimiser, selection, checkpoints); a method owns its loss and,
where it has them, its trainable parts. Target labels do not exist here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import torch


@dataclass(frozen=True, eq=False)
class Step:
    """One domain's half of a training step.

    latent: float32 (B, F). logits: float32 (B, K). labels: int64 (B,) for the source (float32 (B, P) of
    a regression), None for the target.
    layers: the activations a method asked for by name, float32 (B, …).

    All of it is float32 in a training of precision "bf16" too: there the network alone runs in bfloat16.
    """

    latent: torch.Tensor
    logits: torch.Tensor
    labels: torch.Tensor | None = None
    layers: Mapping[str, torch.Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Moment:
    """Where in the training a step is: epoch from 0, progress from 0 to 1 over the whole budget."""

    epoch: int
    progress: float


class Method(nn.Module):
    """A domain-adaptation method. Override `terms`; the rest has defaults that suit most.

    uses_target: whether target images are shown to the network at all. oracle: trains on target labels, is
    shown as a reference and never ranked. rate: learning-rate factor of the method's own parameters.
    wanted_layers: layers whose activations `terms` reads: names, classes of modules ("Conv2d"), or "*", those that the
    architecture names. needs_classes: refuses a regression. paired: row i of a target batch shows what row i of the
    source batch shows, by id and turned alike; a dataset whose training images have no such partners is refused.
    target_statistics: the share of the target, 0 to 1, in the batch-norm statistics that the network is validated
    without and kept with; a network without batch norm is refused.
    """

    uses_target: bool = True
    oracle: bool = False
    needs_classes: bool = False
    paired: bool = False
    rate: float = 1.0
    wanted_layers: tuple[str, ...] = ()
    target_statistics: float = 0.0

    def shown(self, images: torch.Tensor, labels: torch.Tensor, model: nn.Module) -> torch.Tensor:
        """Return the labelled images as the network is to see them in a step: changed, never in place.

        images: float32 (B, C, H, W), stretched, of the source (of the target for an oracle). model: runs in the
        precision of the training, as in the step itself, and returns float32. Draw from torch's own stream, which the
        engine seeds for each epoch.
        """
        return images

    def terms(self, source: Step, target: Step | None, moment: Moment) -> Mapping[str, torch.Tensor]:
        """Return named scalar terms, already weighted, that the engine adds to the task loss.

        A term named "task" takes the place of the engine's class-weighted cross-entropy, for a method that weighs
        the task itself.
        """
        return {}

    def start_epoch(self, epoch: int) -> None:
        """Act before an epoch: schedules, centres, warm-up."""


class Alignment(Method):
    """A method that is one differentiable distance between two latent batches.

    distance(source, target) takes two float32 (B, F) batches and returns a scalar. At weight 0 the target is
    not shown to the network, so the training equals `source_only` bit for bit.
    """

    def __init__(
        self,
        distance: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
        weight: float,
        name: str = "align",
    ) -> None:
        super().__init__()
        self.distance, self.weight, self.name = distance, weight, name
        self.uses_target = weight != 0

    def terms(self, source: Step, target: Step | None, moment: Moment) -> Mapping[str, torch.Tensor]:
        """Return the weighted distance, or nothing at weight 0."""
        if target is None:
            return {}
        return {self.name: self.weight * self.distance(source.latent, target.latent)}
