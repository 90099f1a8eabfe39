"""Batch-norm statistics that belong to the weights they are used with.

Batch norm remembers a running mean over the last ten or so steps. Galaxy images are nearly all sky, of one value and
tiny spread, so a first convolution's mean moves by many of its own standard deviations while the weights move a
little, and the remembered mean is stale: a network that is right in training is then wrong in evaluation. Measured on
lsst_mock: training loss 0.35, validation accuracy 0.41. Taking the statistics anew, with the weights at rest, ends
that for every method alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Iterable

BATCHES = 4


@torch.no_grad()
def recalibrate(model: nn.Module, shown: Iterable[torch.Tensor]) -> None:
    """Replace running statistics by plain means over a few batches, as training shows them.

    shown: float32 (B, C, H, W) batches, source and target together where the method sees both.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    if not norms:
        return
    kept = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a cumulative mean
    model.train()
    for images in shown:
        model(images)
    for norm, momentum in zip(norms, kept, strict=True):
        norm.momentum = momentum
