"""Fisher discrimination: compact classes, far apart, in the latent of the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import torch
from astrobench import Method
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench import Moment, Step

RATE = 10.0
# learned centres move at ten times the method's learning rate, as in DeepMerge II: they are kept at a tenth


class Scatter(NamedTuple):
    """Traces of the scatter matrices: within, summed over the batch, and between the class centres."""

    within: torch.Tensor
    between: torch.Tensor


class Fisher(Method):
    """Scatter within classes against scatter between their centres; reads source labels only."""

    uses_target = False
    needs_classes = True

    def __init__(
        self, shape: tuple[int, int], within: float, between: float, *,
        trace: Literal["ratio", "difference"], centres: Literal["learned", "means"],
    ) -> None:  # fmt: skip
        super().__init__()
        self.within, self.between, self.trace = within, between, trace
        self.tenth = nn.Parameter(torch.randn(shape) / RATE) if centres == "learned" else None

    def terms(self, source: Step, target: Step | None, moment: Moment) -> Mapping[str, torch.Tensor]:
        """Return the weighted trace ratio or trace difference."""
        if self.within == 0 or source.labels is None:
            return {}
        latent, labels = source.latent, source.labels
        if self.tenth is None:
            labels = torch.unique(labels, return_inverse=True)[1]
            found = scatter(latent, labels, class_means(latent, labels))
        else:
            found = scatter(latent, labels, RATE * self.tenth)
        within, between = self.within * found.within, self.between * found.between
        return {"fisher": within / between.clamp(min=1e-12) if self.trace == "ratio" else within - between}


def fisher(
    features: int,
    classes: int,
    *,
    weight: float = 1.0,
    within: float = 0.01,
    between: float = 1.0,
    trace: Literal["ratio", "difference"] = "ratio",
    centres: Literal["learned", "means"] = "learned",
) -> Fisher:
    """Pull source latents to the centre of their class and push the centres apart.

    With S_w = Σ_i ‖h_i − c_{y_i}‖² over the batch and S_b = Σ_k ‖c_k − c̄‖², trace "ratio" minimises
    within·S_w / (between·S_b), "difference" within·S_w − between·S_b (which has no lower bound).
    centres: "learned" parameters from N(0, 1) at ten times the learning rate, as published, or the "means" of
    the classes present in the batch. weight scales the whole. Target images are not used.

    Source: DeepMerge II, arXiv 2103.01373, and its code; Zhang et al. 2020 (FisherDA).
    """
    ratio = trace == "ratio"
    return Fisher(
        (classes, features), weight * within, between if ratio else weight * between, trace=trace, centres=centres
    )


def scatter(latent: torch.Tensor, labels: torch.Tensor, centres: torch.Tensor) -> Scatter:
    """Return both traces for latent float (B, F), labels int64 (B,) and centres float (K, F)."""
    within = (latent - centres[labels]).square().sum(dim=1).clamp(1e-12, 1e12).sum()
    return Scatter(within, (centres - centres.mean(dim=0)).square().sum())


def class_means(latent: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the mean latent of each class, float (K, F), where labels int64 (B,) name each of 0 … K−1."""
    members = nn.functional.one_hot(labels).to(latent.dtype)
    return (members.T @ latent) / members.sum(dim=0)[:, None]
