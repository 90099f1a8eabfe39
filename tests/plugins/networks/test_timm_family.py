"""Any timm model becomes an architecture with a 256-d latent, or says in one line why it cannot."""

from __future__ import annotations

import pytest
import timm
import torch
from astrobench import PluginError
from astrobench_networks.timm_family import timm_model
from torch import nn

SMALL = ["convnext_atto", "vit_tiny_patch16_224", "mobilenetv3_small_050", "resnet10t"]


@pytest.mark.parametrize("name", SMALL)
def test_small_models_of_several_families_take_survey_cut_outs(name: str) -> None:
    network = timm_model((2, 100, 100), 3, name)
    latent, logits = network(torch.rand(2, 2, 100, 100))
    assert (latent.shape, logits.shape) == ((2, 256), (2, 3))
    (latent.square().mean() + logits.square().mean()).backward()
    assert all(parameter.grad is not None for parameter in network.head.parameters())


@pytest.mark.parametrize("name", SMALL)
def test_the_layers_for_cka_run_in_order_up_to_a_cap(name: str) -> None:
    network = timm_model((3, 64, 64), 3, name)
    order: list[str] = []
    for layer in network.layers:
        network.get_submodule(layer).register_forward_hook(lambda *_, layer=layer: order.append(layer))
    network(torch.rand(2, 3, 64, 64))
    assert tuple(order) == network.layers
    assert len(network.layers) <= 18
    assert network.layers[-2:] == ("bottleneck", "head")
    assert all(isinstance(network.get_submodule(layer), (nn.Conv2d, nn.Linear)) for layer in order)


def test_edge_pixels_are_repeated_where_the_patch_does_not_divide_the_side() -> None:
    network = timm_model((1, 100, 90), 2, "vit_tiny_patch16_224")
    assert network.adapter(torch.rand(1, 1, 100, 90)).shape == (1, 1, 112, 96)
    assert network.trunk.patch_embed.grid_size == (7, 6)


def test_no_pixel_is_left_out_by_the_patches() -> None:
    network = timm_model((1, 20, 20), 2, "vit_tiny_patch16_224")
    images = torch.rand(1, 1, 20, 20, requires_grad=True)
    network(images).latent.sum().backward()
    assert images.grad is not None
    assert bool((images.grad != 0).all())


def test_a_model_of_one_size_only_is_shown_resized_images() -> None:
    network = timm_model((1, 20, 20), 2, "xcit_nano_12_p16_224")
    assert network.adapter(torch.rand(1, 1, 20, 20)).shape == (1, 1, 224, 224)


def test_the_latent_can_have_another_width() -> None:
    assert timm_model((3, 32, 32), 3, "resnet10t", latent=64)(torch.rand(2, 3, 32, 32)).latent.shape == (2, 64)


def test_the_same_seed_builds_the_same_network() -> None:
    def weights() -> torch.Tensor:
        torch.manual_seed(3)
        return torch.cat([p.flatten() for p in timm_model((1, 40, 40), 2, "vit_tiny_patch16_224").parameters()])

    assert torch.equal(weights(), weights())


def test_an_unknown_model_names_the_nearest() -> None:
    with pytest.raises(PluginError, match=r"unknown timm model 'convnext_ato'; did you mean 'convnext_atto'\?"):
        timm_model((3, 100, 100), 3, "convnext_ato")


def test_an_unknown_tag_of_pretrained_weights_is_refused() -> None:
    with pytest.raises(PluginError, match=r"unknown timm model 'resnet10t\.nothing': Invalid pretrained tag"):
        timm_model((3, 100, 100), 3, "resnet10t.nothing")


def test_images_that_no_fit_can_save_are_refused_in_one_line() -> None:
    with pytest.raises(
        PluginError, match=r"timm model 'convnext_atto' cannot take images of shape \(3, 1, 1\)"
    ) as told:
        timm_model((3, 1, 1), 3, "convnext_atto")
    assert "\n" not in str(told.value)


def test_pretrained_weights_without_a_network_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    create = timm.create_model

    def offline(name: str, *, pretrained: bool, **told: object) -> nn.Module:
        if pretrained:
            raise OSError("Name or service\nnot known")
        return create(name, pretrained=False, **told)

    monkeypatch.setattr(timm, "create_model", offline)
    with pytest.raises(PluginError, match=r"no pretrained weights for timm model 'resnet10t': Name or service not"):
        timm_model((3, 32, 32), 3, "resnet10t", pretrained=True)
