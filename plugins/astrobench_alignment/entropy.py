"""Entropy minimisation: the decision boundary moves to where target images are rare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from astrobench import Method

from astrobench_alignment.entropies import entropies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench import Moment, Step


class Entropy(Method):
    """The mean entropy of predictions, on the target or on both domains."""

    needs_classes = True

    def __init__(self, weight: float, domains: Literal["target", "both"]) -> None:
        super().__init__()
        self.weight, self.domains = weight, domains
        self.uses_target = weight != 0

    def terms(self, source: Step, target: Step | None, moment: Moment) -> Mapping[str, torch.Tensor]:
        """Return the weighted mean entropy."""
        if target is None or self.weight == 0:
            return {}
        shown = target.logits if self.domains == "target" else torch.cat([source.logits, target.logits])
        return {"entropy": self.weight * entropies(shown).mean()}


def entropy(
    features: int, classes: int, *, weight: float = 0.05, domains: Literal["target", "both"] = "target"
) -> Entropy:
    """Minimise the entropy of predictions on target images.

    0 where every prediction is certain, ln(classes) at most. domains: "both" averages over source and target, as
    DeepMerge II's code does although its description says target.

    Source: Grandvalet & Bengio 2004, NeurIPS 17; weight of DeepMerge II, arXiv 2103.01373.
    """
    return Entropy(weight, domains)
