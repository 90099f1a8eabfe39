"""The DeepMerge CNN: three convolutions whose flattened map is the latent, and a head of three dense layers."""

from __future__ import annotations

from collections import OrderedDict

import torch
from astrobench import DataError, Output
from torch import nn

STAGES = ((8, 5), (16, 3), (32, 3))
"""Channels and kernel of each convolution."""
HIDDEN = (64, 32)
"""Widths of the head's hidden layers."""


class DeepMerge(nn.Module):
    """Stages of conv → batch-norm → 2×2 max-pool → ReLU, flattened to the latent; then dense 64, 32 and logits.

    The head is not linear on the latent: regions of a class in latent space are not convex, and straight lines
    between latents may cross a boundary more than once.
    """

    layers = ("trunk.conv1", "trunk.conv2", "trunk.conv3", "head.dense1", "head.dense2", "head.logits")

    def __init__(self, shape: tuple[int, int, int], outputs: int) -> None:
        super().__init__()
        channels, height, width = shape
        self.trunk = nn.Sequential(_stages(channels))
        self.head = nn.Sequential(_dense(STAGES[-1][0] * _pooled(height) * _pooled(width), outputs))

    def forward(self, images: torch.Tensor) -> Output:
        """Return latent float32 (B, F) and logits float32 (B, outputs) of images float32 (B, C, H, W)."""
        latent = self.trunk(images)
        return Output(latent, self.head(latent))


def deepmerge(shape: tuple[int, int, int], outputs: int) -> DeepMerge:
    """Build the DeepMerge II CNN, whose latent is the flattened map of its last pooling: 2,592-d at 75 × 75.

    174,626 parameters for (3, 75, 75) and 2 outputs. Latents are not negative (ReLU), ten times wider than the
    256-d bottleneck of the other networks, and the head behind them has two hidden ReLU layers: latent distances
    are comparable within this network only, and plots that assume a linear head do not hold for it.

    Raises:
        DataError: if the images are smaller than 8 × 8 pixels.

    Source: Ćiprijanović et al. 2021, DeepMerge II, arXiv 2103.01373, and its code (PyTorch defaults as first weights,
    no dropout). DeepMerge I (arXiv 2004.11981) normalised over image width by mistake, and is not repeated here.
    """
    if min(shape[1:]) < 1 << len(STAGES):
        size = f"{shape[1]} x {shape[2]}"
        raise DataError(f"deepmerge cannot take images of {size} pixels: three poolings need at least 8 x 8")
    return DeepMerge(shape, outputs)


def _stages(channels: int) -> OrderedDict[str, nn.Module]:
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    for number, (width, kernel) in enumerate(STAGES, start=1):
        modules[f"conv{number}"] = nn.Conv2d(channels, width, kernel, padding=kernel // 2)
        modules[f"norm{number}"] = nn.BatchNorm2d(width)
        modules[f"pool{number}"] = nn.MaxPool2d(2)
        modules[f"relu{number}"] = nn.ReLU()  # of a quarter of the numbers, and the same bits as before the pool
        channels = width
    modules["flatten"] = nn.Flatten()
    return modules


def _dense(features: int, outputs: int) -> OrderedDict[str, nn.Module]:
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    for number, width in enumerate(HIDDEN, start=1):
        modules[f"dense{number}"] = nn.Linear(features, width)
        modules[f"relu{number}"] = nn.ReLU()
        features = width
    modules["logits"] = nn.Linear(features, outputs)
    return modules


def _pooled(side: int) -> int:
    return side >> len(STAGES)
