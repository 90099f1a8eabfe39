"""The ConvNet is the published one, scales to other cut-outs, and is a plain graph of modules."""

from __future__ import annotations

import copy
from collections import OrderedDict

import pytest
import torch
from astrobench import DataError
from astrobench_networks.convnet import convnet
from torch import nn


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def test_it_has_the_published_number_of_parameters() -> None:
    assert parameters(convnet((3, 100, 100), 3)) == 1_187_203


@pytest.mark.parametrize("shape", [(3, 100, 100), (1, 37, 64), (5, 8, 8)])
def test_any_bands_and_size_give_a_256_d_latent(shape: tuple[int, int, int]) -> None:
    latent, logits = convnet(shape, 4)(torch.rand(2, *shape))
    assert (latent.shape, logits.shape) == ((2, 256), (2, 4))


def test_parameters_follow_the_layer_table_at_another_size() -> None:
    # by hand: convolutions 8·(25·1+1), 16·(9·8+1), 32·(9·16+1); norms 2·(8+16+32); 37×64 pools to 4×8
    expected = 208 + 1_168 + 4_640 + 112 + (32 * 4 * 8 * 256 + 256) + (256 * 2 + 2)
    assert parameters(convnet((1, 37, 64), 2)) == expected


def test_the_graph_is_one_line_of_modules_then_latent_and_logits() -> None:
    network = convnet((3, 16, 16), 3)
    nodes = [node for node in torch.fx.symbolic_trace(network).graph.nodes if node.op == "call_module"]
    kinds = [type(network.get_submodule(str(node.target))) for node in nodes]
    stage = [nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, nn.ReLU]
    assert kinds == [*stage, *stage, *stage, nn.Flatten, nn.Linear, nn.Linear]


def test_the_logits_are_the_head_of_the_latent() -> None:
    network = convnet((3, 16, 16), 3)
    latent, logits = network(torch.rand(2, 3, 16, 16))
    torch.testing.assert_close(network.head(latent), logits)


def test_bottleneck_and_head_start_as_published() -> None:
    torch.manual_seed(0)
    network = convnet((3, 100, 100), 3)
    assert network.bottleneck.weight.std().item() == pytest.approx(0.005, rel=0.01)  # 1.2 million draws
    assert network.head.weight.std().item() == pytest.approx(0.01, rel=0.15)  # 768 draws: 2.6 % expected
    assert not network.bottleneck.bias.any()
    assert not network.head.bias.any()


def test_the_layers_for_cka_are_submodules_in_order() -> None:
    network = convnet((3, 16, 16), 3)
    assert network.layers == ("trunk.conv1", "trunk.conv2", "trunk.conv3", "bottleneck", "head")
    assert all(isinstance(network.get_submodule(name), (nn.Conv2d, nn.Linear)) for name in network.layers)


def test_pooling_before_the_relu_gives_the_bits_of_the_published_order() -> None:
    torch.manual_seed(0)
    ours = convnet((3, 20, 20), 3)
    published = copy.deepcopy(ours)
    parts = dict(published.trunk.named_children())
    order = [f"{part}{number}" for number in (1, 2, 3) for part in ("conv", "norm", "relu", "pool")]
    published.trunk = nn.Sequential(OrderedDict((name, parts[name]) for name in (*order, "flatten")))
    images = torch.randn(8, 3, 20, 20)
    for network in (ours, published):
        network(images).logits.square().sum().backward()
    assert torch.equal(ours(images).logits, published(images).logits)
    gradients = dict(published.named_parameters())
    assert all(torch.equal(one.grad, gradients[name].grad) for name, one in ours.named_parameters())


def test_images_too_small_to_pool_three_times_are_refused() -> None:
    with pytest.raises(DataError, match=r"images of 7 x 100 pixels: three poolings need at least 8 x 8"):
        convnet((3, 7, 100), 3)
