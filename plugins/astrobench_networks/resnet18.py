"""The ResNet18 of DeepAdversaries: torchvision's trunk, dropout, a linear latent, a linear head."""

from __future__ import annotations

from collections import OrderedDict

import torch
import torchvision
from astrobench import Output
from torch import nn

from astrobench_networks.latent import bottleneck, head

TRUNK = ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4")


class ResNet18(nn.Module):
    """torchvision's layers up to `layer4`, dropout on its map, global mean, then latent and logits."""

    def __init__(self, shape: tuple[int, int, int], outputs: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(_trunk(shape[0]))
        self.bottleneck = bottleneck(512)
        self.head = head(outputs)
        self.layers = (*_convolutions(self), "bottleneck", "head")

    def forward(self, images: torch.Tensor) -> Output:
        """Return latent float32 (B, 256) and logits float32 (B, outputs) of images float32 (B, C, H, W)."""
        latent = self.bottleneck(self.trunk(images))
        return Output(latent, self.head(latent))


def resnet18(shape: tuple[int, int, int], outputs: int) -> ResNet18:
    """Build a randomly initialised ResNet18 with a 256-d linear latent.

    7×7/2 stem and 3×3/2 max-pool as in torchvision; elementwise dropout of 0.5 after `layer4`, before the
    global mean. 11,308,611 parameters for 3 channels and 3 outputs. No pretrained weights.

    Source: He et al. 2016, arXiv 1512.03385; Ćiprijanović et al. 2022, DeepAdversaries, arXiv 2112.14299, §3.
    """
    return ResNet18(shape, outputs)


def _trunk(channels: int) -> OrderedDict[str, nn.Module]:
    network = torchvision.models.resnet18(weights=None)
    modules = OrderedDict((name, network.get_submodule(name)) for name in TRUNK)
    if channels != 3:
        modules["conv1"] = _stem(channels)
    modules["dropout"] = nn.Dropout(0.5)
    modules["mean"] = nn.AdaptiveAvgPool2d(1)
    modules["flatten"] = nn.Flatten()
    return modules


def _stem(channels: int) -> nn.Conv2d:
    """Return torchvision's first convolution, its initialisation included, for another number of bands."""
    stem = nn.Conv2d(channels, 64, 7, stride=2, padding=3, bias=False)
    nn.init.kaiming_normal_(stem.weight, mode="fan_out", nonlinearity="relu")
    return stem


def _convolutions(network: nn.Module) -> list[str]:
    """Name the convolutions in the order they stand, skip connections included: 20 for ResNet18."""
    return [name for name, module in network.named_modules() if isinstance(module, nn.Conv2d)]
