"""The DeepMerge CNN is that of DeepMerge II: its latent is the flattened map, its head is not linear."""

from __future__ import annotations

import pytest
import torch
from astrobench import DataError
from astrobench_networks.deepmerge import deepmerge
from torch import nn


def test_it_has_the_published_number_of_parameters() -> None:
    assert sum(parameter.numel() for parameter in deepmerge((3, 75, 75), 2).parameters()) == 174_626


@pytest.mark.parametrize(("shape", "features"), [((3, 75, 75), 2592), ((2, 75, 75), 2592), ((1, 37, 64), 32 * 4 * 8)])
def test_the_latent_is_the_flattened_map_of_the_last_pooling(shape: tuple[int, int, int], features: int) -> None:
    latent, logits = deepmerge(shape, 2)(torch.rand(2, *shape))
    assert (latent.shape, logits.shape) == ((2, features), (2, 2))
    assert latent.min() >= 0


def test_the_graph_is_one_line_of_modules() -> None:
    network = deepmerge((3, 16, 16), 2)
    nodes = [node for node in torch.fx.symbolic_trace(network).graph.nodes if node.op == "call_module"]
    kinds = [type(network.get_submodule(str(node.target))) for node in nodes]
    stage = [nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d, nn.ReLU]
    head = [nn.Linear, nn.ReLU, nn.Linear, nn.ReLU, nn.Linear]
    assert kinds == [*stage, *stage, *stage, nn.Flatten, *head]


def test_the_logits_are_the_head_of_the_latent_and_not_linear_in_it() -> None:
    torch.manual_seed(0)
    network = deepmerge((3, 75, 75), 2)
    latent, logits = network(torch.rand(2, 3, 75, 75))
    torch.testing.assert_close(network.head(latent), logits)
    first, second = torch.rand(2, 1, 2592) * 10
    middle = network.head((first + second) / 2)
    assert not torch.allclose(middle, (network.head(first) + network.head(second)) / 2, atol=1e-4)


def test_the_layers_for_cka_are_submodules_in_order() -> None:
    network = deepmerge((3, 16, 16), 2)
    named = [name for name, module in network.named_modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
    assert list(network.layers) == named


def test_images_too_small_to_pool_three_times_are_refused() -> None:
    with pytest.raises(DataError, match=r"deepmerge cannot take images of 7 x 75 pixels"):
        deepmerge((3, 7, 75), 2)
