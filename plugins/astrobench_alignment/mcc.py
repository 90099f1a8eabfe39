"""Minimum class confusion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from astrobench import Method, SuiteError

from astrobench_alignment.entropies import entropies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench import Moment, Step


class Mcc(Method):
    """How much the classes predicted for target images overlap."""

    needs_classes = True

    def __init__(self, weight: float, temperature: float) -> None:
        super().__init__()
        self.weight, self.temperature = weight, temperature
        self.uses_target = weight != 0

    def terms(self, source: Step, target: Step | None, moment: Moment) -> Mapping[str, torch.Tensor]:
        """Return the weighted confusion of the target batch."""
        if target is None or self.weight == 0:
            return {}
        return {"confusion": self.weight * confusion(target.logits / self.temperature)}


def mcc(features: int, classes: int, *, weight: float = 1.0, temperature: float = 2.5) -> Mcc:
    """Minimise the confusion between classes predicted on target images.

    Reads target predictions only: 0 where each is certain, 1 − 1/classes where all are flat. temperature: divides
    the logits first.

    Raises:
        SuiteError: if the temperature is not above 0.

    Source: Jin et al. 2020, arXiv 1912.03699, Eqs. 2-6.
    """
    if temperature <= 0:
        raise SuiteError(f"temperature of mcc must be above 0, not {temperature}")
    return Mcc(weight, temperature)


def confusion(logits: torch.Tensor) -> torch.Tensor:
    """Return the mean off-diagonal weight of the row-normalised class correlation of logits float (B, K)."""
    predicted = logits.softmax(dim=1)
    certain = 1 + torch.exp(-entropies(logits.detach()))
    correlation = (predicted * (certain / certain.mean())[:, None]).T @ predicted
    shares = correlation / correlation.sum(dim=1, keepdim=True)
    return 1 - shares.diagonal().mean()
