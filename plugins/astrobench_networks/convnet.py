"""The ConvNet of DeepAdversaries: three convolutions, a linear latent, a linear head."""

from __future__ import annotations

from collections import OrderedDict

import torch
from astrobench import DataError, Output
from torch import nn

from astrobench_networks.latent import bottleneck, head

STAGES = ((8, 5), (16, 3), (32, 3))
"""Channels and kernel of each convolution."""


class ConvNet(nn.Module):
    """Stages of conv → batch-norm → 2×2 max-pool → ReLU, then latent and logits.

    Only modules, called in one line, so that torch.fx sees the whole graph.
    """

    layers = ("trunk.conv1", "trunk.conv2", "trunk.conv3", "bottleneck", "head")

    def __init__(self, shape: tuple[int, int, int], outputs: int) -> None:
        super().__init__()
        channels, height, width = shape
        self.trunk = nn.Sequential(_stages(channels))
        self.bottleneck = bottleneck(STAGES[-1][0] * _pooled(height) * _pooled(width))
        self.head = head(outputs)

    def forward(self, images: torch.Tensor) -> Output:
        """Return latent float32 (B, 256) and logits float32 (B, outputs) of images float32 (B, C, H, W)."""
        latent = self.bottleneck(self.trunk(images))
        return Output(latent, self.head(latent))


def convnet(shape: tuple[int, int, int], outputs: int) -> ConvNet:
    """Build the three-convolution ConvNet with a 256-d linear latent.

    1,187,203 parameters for (3, 100, 100) and 3 outputs; other sizes and channels change the first
    convolution and the bottleneck.

    Raises:
        DataError: if the images are smaller than 8 × 8 pixels.

    Source: Ćiprijanović et al. 2022, DeepAdversaries, arXiv 2112.14299, Table 1. Order as in the authors' code
    (batch-norm before ReLU), which differs from the table.
    """
    if min(shape[1:]) < 1 << len(STAGES):
        size = f"{shape[1]} x {shape[2]}"
        raise DataError(f"convnet cannot take images of {size} pixels: three poolings need at least 8 x 8")
    return ConvNet(shape, outputs)


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


def _pooled(side: int) -> int:
    return side >> len(STAGES)
