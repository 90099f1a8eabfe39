"""The benchmark network of the CAMELS Multifield Dataset, "model o3", for maps that wrap around."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from astrobench import DataError, Output, SuiteError
from torch import nn

SLOPE = 0.2
LAST = 4
"""Pixels a side of the map that the last convolution turns into one."""


class _Wrap(torch.autograd.Function):
    """A rim of one pixel around periodic images, from their far sides.

    Its gradient is written here: that of slices fills an image with zeros for each, a fifth of a training step.
    """

    @staticmethod
    def forward(ctx: Any, images: torch.Tensor) -> torch.Tensor:
        """Return (B, C, H + 2, W + 2) of (B, C, H, W)."""
        tall = torch.cat([images[:, :, -1:], images, images[:, :, :1]], 2)
        return torch.cat([tall[..., -1:], tall, tall[..., :1]], 3)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        """Return (B, C, H, W) of (B, C, H + 2, W + 2): what falls on the rim belongs to the far side."""
        (rimmed,) = gradients
        tall = rimmed[..., 1:-1].clone()
        tall[..., 0] += rimmed[..., -1]
        tall[..., -1] += rimmed[..., 0]
        folded = tall[:, :, 1:-1]
        folded[:, :, 0] += tall[:, :, -1]
        folded[:, :, -1] += tall[:, :, 0]
        return folded


class Wrapped(nn.Conv2d):
    """A 3×3 convolution of a periodic image, whose edges meet.

    It is torch's `padding_mode="circular"`, whose copy loses the order of memory and costs more than the convolution.
    """

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return float32 (B, C', H, W) of float32 (B, C, H, W)."""
        return super().forward(_Wrap.apply(images))


class CmdO3(nn.Module):
    """Blocks of two 3×3 convolutions and one 2×2 of stride 2, down to 4×4 pixels; one 4×4; two linear maps.

    All convolutions see periodic images and are followed by batch norm, the very first excepted, and by LeakyReLU(0.2).
    The latent is the activation of the first linear map.
    """

    def __init__(self, shape: tuple[int, int, int], outputs: int, hidden: int, dropout: float) -> None:
        super().__init__()
        channels, side, _ = shape
        blocks = side.bit_length() - LAST.bit_length()
        modules: OrderedDict[str, nn.Module] = OrderedDict()
        for block in range(blocks):
            into, out = channels if block == 0 else hidden << block, hidden << (block + 1)
            modules |= _stage(f"{block}a", into, out, 3, first=block == 0)
            modules |= _stage(f"{block}b", out, out, 3)
            modules |= _stage(f"{block}c", out, out, 2)
        width = hidden << blocks
        modules |= _stage("last", width, 2 * width, LAST)
        self.trunk = nn.Sequential(modules)
        self.unused = nn.BatchNorm2d(2 * hidden)  # built but never run in the original: it counts, and learns nothing
        self.bottleneck = nn.Sequential(
            nn.Flatten(), nn.Dropout(dropout), nn.Linear(2 * width, width), nn.LeakyReLU(SLOPE)
        )
        self.head = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, outputs))
        self.apply(_initialise)
        convolutions = [f"trunk.{name}" for name in modules if name.startswith("conv")]
        self.layers = (*convolutions, "bottleneck.2", "head.1")

    def forward(self, images: torch.Tensor) -> Output:
        """Return latent float32 (B, F) and logits float32 (B, outputs) of images float32 (B, C, H, H)."""
        latent = self.bottleneck(self.trunk(images))
        return Output(latent, self.head(latent))


def cmd_o3(shape: tuple[int, int, int], outputs: int, *, hidden: int = 11, dropout: float = 0.0) -> CmdO3:
    """Build the CNN of the CAMELS Multifield Dataset, whose first block has 2·`hidden` channels, doubling downwards.

    Images of 256 pixels get six blocks, as published: 28,436,376 parameters at hidden 11 and 12 outputs (six means,
    six roots of standard deviations). Each halving of the image drops a block: 64 pixels have four. The latent has
    hidden·2^blocks features, 704 as published. layers: all convolutions and both linear maps, 21 as published, before
    batch norm.

    hidden: 6 to 12 in the published search. dropout: before each linear map; 0 to 0.9 in the published search.

    Raises:
        DataError: unless images are square, with 8, 16, 32, … pixels a side.
        SuiteError: if hidden is below 1 or dropout not in [0, 1).

    Source: Villaescusa-Navarro et al. 2022, CMD (arXiv 2109.10915), and its training scripts.
    """
    side = shape[1]
    if shape[1] != shape[2] or side < 2 * LAST or side & (side - 1):
        raise DataError(f"cmd_o3 cannot take images of {side} x {shape[2]} pixels: it needs 8, 16, 32, … a side")
    if hidden < 1:
        raise SuiteError(f"cmd_o3: hidden is {hidden}, expected 1 or more")
    if not 0 <= dropout < 1:
        raise SuiteError(f"cmd_o3: dropout is {dropout:g}, expected 0 or more and below 1")
    return CmdO3(shape, outputs, hidden, dropout)


def _stage(name: str, into: int, out: int, kernel: int, *, first: bool = False) -> dict[str, nn.Module]:
    conv = Wrapped(into, out, kernel) if kernel == 3 else nn.Conv2d(into, out, kernel, stride=2 if kernel == 2 else 1)
    norm: dict[str, nn.Module] = {} if first else {f"norm{name}": nn.BatchNorm2d(out)}
    return {f"conv{name}": conv, **norm, f"relu{name}": nn.LeakyReLU(SLOPE)}


def _initialise(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight)
