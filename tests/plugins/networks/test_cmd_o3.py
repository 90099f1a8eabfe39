"""The CNN of the CAMELS Multifield Dataset: its parameters as logged, its images periodic, its depth by their size."""

from __future__ import annotations

import pytest
import torch
from astrobench import DataError, SuiteError
from astrobench_networks.cmd_o3 import CmdO3, Wrapped, cmd_o3
from torch import nn


def parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(("hidden", "count"), [(6, 8_466_876), (11, 28_436_376), (12, 33_839_052)])
def test_it_has_the_published_number_of_parameters(hidden: int, count: int) -> None:
    with torch.device("meta"):
        network = cmd_o3((1, 256, 256), 12, hidden=hidden)
    assert (parameters(network), len(network.layers)) == (count, 21)


@pytest.mark.parametrize(("side", "layers", "features"), [(8, 6, 8), (32, 12, 32), (64, 15, 64)])
def test_each_halving_of_the_image_drops_a_block(side: int, layers: int, features: int) -> None:
    network = cmd_o3((2, side, side), 4, hidden=4)
    latent, logits = network(torch.rand(3, 2, side, side))
    assert (len(network.layers), latent.shape, logits.shape) == (layers, (3, features), (3, 4))
    assert parameters(cmd_o3((1, 64, 64), 4, hidden=4)) == 236_036


def test_the_layers_for_cka_are_submodules_in_order() -> None:
    network = cmd_o3((1, 16, 16), 4, hidden=2)
    named = [name for name, module in network.named_modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
    assert list(network.layers) == named


def test_a_wrapped_convolution_is_torch_s_circular_one() -> None:
    torch.manual_seed(0)
    ours, theirs = Wrapped(2, 3, 3), nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular")
    theirs.load_state_dict(ours.state_dict())
    images = torch.rand(2, 2, 5, 7).contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(ours(images), theirs(images))
    assert ours(images).is_contiguous(memory_format=torch.channels_last)


def test_the_gradient_of_a_wrapped_convolution_is_torch_s() -> None:
    ours = Wrapped(2, 3, 3).double()
    images = torch.randn(2, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(ours, (images,))


def test_a_shift_by_the_whole_stride_changes_nothing_of_what_convolutions_see() -> None:
    """Images wrap around: rolled by 4 pixels, a map of two halvings is the same map rolled by one."""
    torch.manual_seed(0)
    trunk = cmd_o3((1, 16, 16), 4, hidden=2).eval().trunk
    blocks = trunk[: list(dict(trunk.named_children())).index("convlast")]
    images = torch.rand(1, 1, 16, 16)
    torch.testing.assert_close(blocks(images.roll(4, 3)), blocks(images).roll(1, 3))


def test_the_first_convolution_has_no_batch_norm_and_the_spare_one_learns_nothing() -> None:
    network = cmd_o3((1, 16, 16), 4, hidden=2)
    assert isinstance(network.trunk[1], nn.LeakyReLU)
    network(torch.rand(4, 1, 16, 16)).logits.square().sum().backward()
    idle = {name for name, parameter in network.named_parameters() if parameter.grad is None}
    assert idle == {"unused.weight", "unused.bias"}


def test_dropout_stands_before_both_linear_maps() -> None:
    network = cmd_o3((1, 8, 8), 4, hidden=2, dropout=0.5)
    assert [module.p for module in network.modules() if isinstance(module, nn.Dropout)] == [0.5, 0.5]
    assert isinstance(network, CmdO3)


@pytest.mark.parametrize("shape", [(1, 4, 4), (1, 24, 24), (1, 32, 64), (1, 100, 100)])
def test_images_that_do_not_halve_to_four_pixels_are_refused(shape: tuple[int, int, int]) -> None:
    with pytest.raises(
        DataError, match=rf"cmd_o3 cannot take images of {shape[1]} x {shape[2]} pixels: it needs 8, 16"
    ):
        cmd_o3(shape, 4)


@pytest.mark.parametrize(
    ("params", "told"), [({"hidden": 0}, "hidden is 0, expected"), ({"dropout": 1.0}, "dropout is 1, expected")]
)
def test_a_parameter_that_makes_no_network_is_refused(params: dict[str, float], told: str) -> None:
    with pytest.raises(SuiteError, match=told):
        cmd_o3((1, 8, 8), 4, **params)  # type: ignore[arg-type]
