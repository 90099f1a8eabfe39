"""No perturbation: the row that every other one is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astrobench import Perturbed

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn


def none(batch: Batch, model: nn.Module, rng: Streams) -> Perturbed:
    """Leave the images as they are."""
    return Perturbed(inputs=batch.inputs)
