"""ResNet18 is torchvision's trunk with dropout, a 256-d latent and a linear head."""

from __future__ import annotations

import pytest
import torch
import torchvision
from astrobench_networks.resnet18 import resnet18
from torch import nn


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_it_has_the_published_number_of_parameters() -> None:
    assert parameters(resnet18((3, 100, 100), 3)) == 11_308_611


@pytest.mark.parametrize("channels", [1, 5])
def test_other_bands_change_the_first_convolution_only(channels: int) -> None:
    network = resnet18((channels, 32, 32), 3)
    assert parameters(network) == 11_308_611 + (channels - 3) * 64 * 49
    assert network(torch.rand(2, channels, 32, 32)).latent.shape == (2, 256)


def test_the_trunk_is_torchvisions_with_dropout_before_the_mean() -> None:
    theirs = torchvision.models.resnet18(weights=None)
    theirs.fc = nn.Identity()
    ours = resnet18((3, 64, 64), 3)
    ours.trunk.load_state_dict(theirs.state_dict())
    images = torch.rand(2, 3, 64, 64)
    torch.testing.assert_close(ours.eval().trunk(images), theirs.eval()(images))
    assert list(dict(ours.trunk.named_children()))[-4:] == ["layer4", "dropout", "mean", "flatten"]


def test_dropout_zeroes_half_of_the_last_map_element_by_element() -> None:
    network = resnet18((3, 64, 64), 3)
    dropped = network.train().trunk.dropout(torch.ones(1, 512, 2, 2)).flatten(2)
    assert dropped.unique().tolist() == [0.0, 2.0]
    assert 0 < (dropped.std(dim=2) > 0).float().mean() < 1


def test_the_layers_for_cka_are_all_convolutions_then_bottleneck_and_head() -> None:
    network = resnet18((3, 64, 64), 3)
    assert len(network.layers) == 22
    assert network.layers[0] == "trunk.conv1"
    assert network.layers[-2:] == ("bottleneck", "head")
    assert all(isinstance(network.get_submodule(name), nn.Conv2d) for name in network.layers[:-2])
