"""Small convolutional networks, random ones and one as in DeepAdversaries, that return an Output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from astrobench import Output
from hypothesis import strategies as st
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Callable

    Draw = Callable[[st.SearchStrategy], int]


class Net(nn.Module):
    """A trunk of maps, numbers read from it, and a head."""

    def __init__(self, trunk: nn.Module, bottleneck: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.trunk, self.bottleneck, self.head = trunk, bottleneck, head

    def forward(self, images: torch.Tensor) -> Output:
        latent = self.bottleneck(self.trunk(images))
        return Output(latent, self.head(latent))


class Undecided(Net):
    """A network whose way depends on its input, which no trace can follow."""

    def forward(self, images: torch.Tensor) -> Output:
        return super().forward(images if images.mean() > 0 else -images)


class Residual(nn.Module):
    """The sum of two branches, one of them the map itself where `short` is the identity."""

    def __init__(self, body: nn.Module, short: nn.Module) -> None:
        super().__init__()
        self.body, self.short = body, short

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.body(maps) + self.short(maps))


def conv_net(outputs: int = 3, side: int = 100) -> Net:
    """Return the network of DeepAdversaries, with batch-norms that do something."""
    layers: list[nn.Module] = []
    for before, after, kernel in ((3, 8, 5), (8, 16, 3), (16, 32, 3)):
        layers += [nn.Conv2d(before, after, kernel, padding=kernel // 2), nn.BatchNorm2d(after)]
        layers += [nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    bottleneck = nn.Linear(32 * (side // 8) ** 2, 256)
    return settled(Net(nn.Sequential(*layers, nn.Flatten()), bottleneck, nn.Linear(256, outputs)))


def settled(net: Net) -> Net:
    """Give batch-norms random statistics and weights, of both signs, and put the network in eval mode."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d) and module.track_running_stats:
            module.running_mean.normal_(0, 0.3)  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
            nn.init.uniform_(module.weight, -1.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.3)
    return net.eval()


@st.composite
def networks(draw: Draw) -> tuple[Net, tuple[int, int, int]]:
    """Draw a network of known layers and the shape (C, H, W) of its images."""
    torch.manual_seed(draw(st.integers(0, 2**20)))
    shape = draw(st.integers(1, 3)), draw(st.integers(5, 12)), draw(st.integers(5, 12))
    maps, layers = torch.zeros(1, *shape), list[nn.Module]()
    for _ in range(draw(st.integers(1, 6))):
        layer = LAYERS[draw(st.sampled_from(sorted(LAYERS)))](draw, maps.shape[1]).eval()
        if _fits(layer, maps):
            layers.append(layer)
            maps = layer(maps)
    averaged = draw(st.booleans())
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten()] if averaged else [nn.Flatten()]
    wide = draw(st.sampled_from([4, 20]))
    bottleneck: nn.Module = nn.Linear(maps.shape[1] if averaged else maps[0].numel(), wide)
    if draw(st.booleans()):
        bottleneck = nn.Sequential(bottleneck, nn.BatchNorm1d(wide), nn.LeakyReLU(0.2), nn.Dropout(0.5))
    return settled(Net(nn.Sequential(*layers), bottleneck, nn.Linear(wide, 3))), shape


def _fits(layer: nn.Module, maps: torch.Tensor) -> bool:
    try:
        return min(layer(maps).shape) > 0
    except RuntimeError:
        return False


def _convolution(draw: Draw, channels: int) -> nn.Module:
    groups, kernel = draw(st.sampled_from([1, channels])), draw(st.integers(1, 5))
    stride, dilation = draw(st.integers(1, 3)), draw(st.integers(1, 2))
    padding = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    bias = draw(st.booleans())
    return nn.Conv2d(
        channels, channels * draw(st.integers(1, 2)), (kernel, 3), stride, padding, dilation, groups, bool(bias)
    )


def _max_pool(draw: Draw, channels: int) -> nn.Module:
    kernel = draw(st.integers(1, 3))
    return nn.MaxPool2d(kernel, draw(st.integers(1, 3)), draw(st.integers(0, kernel // 2)))


def _average_pool(draw: Draw, channels: int) -> nn.Module:
    kernel = draw(st.integers(1, 3))
    return nn.AvgPool2d(kernel, draw(st.integers(1, 3)), draw(st.integers(0, kernel // 2)))


def _residual(draw: Draw, channels: int) -> nn.Module:
    stride, wide = draw(st.integers(1, 2)), channels + 1
    body = nn.Sequential(nn.Conv2d(channels, wide, 3, stride, 1), nn.BatchNorm2d(wide), nn.ReLU())
    if draw(st.booleans()):
        body.append(nn.Conv2d(wide, wide, 3, 1, 1))
    short = nn.Sequential(nn.Conv2d(channels, wide, 1, stride), nn.BatchNorm2d(wide))
    if stride == 1 and draw(st.booleans()):
        return Residual(nn.Conv2d(channels, channels, 3, padding="same"), nn.Identity())
    return Residual(body, short)


LAYERS: dict[str, Callable[[Draw, int], nn.Module]] = {
    "convolution": _convolution,
    "max": _max_pool,
    "average": _average_pool,
    "residual": _residual,
    "norm": lambda draw, channels: nn.BatchNorm2d(channels),
    "relu": lambda draw, channels: nn.ReLU(inplace=True),
    "leaky": lambda draw, channels: nn.LeakyReLU(draw(st.sampled_from([0.2, -0.2]))),
    "tanh": lambda draw, channels: nn.Tanh(),
    "dropout": lambda draw, channels: nn.Dropout2d(0.5),
}
