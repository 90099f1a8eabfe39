"""Any timm model, fitted to the survey's bands and cut-out size, with a 256-d latent."""

from __future__ import annotations

import difflib

import timm
import torch
from astrobench import Output, PluginError
from timm.layers.patch_embed import PatchEmbed
from torch import nn

from astrobench_networks.latent import bottleneck, head
from astrobench_networks.layers import ran, spread

MISFITS = (RuntimeError, ValueError, AssertionError, TypeError, IndexError)
"""What timm models raise when built for, or shown, images they cannot take."""


class TimmModel(nn.Module):
    """An adapter of the images' size, a timm trunk without classifier, then latent and logits."""

    def __init__(self, adapter: nn.Module, trunk: nn.Module, image: torch.Tensor, outputs: int, latent: int) -> None:
        super().__init__()
        features, names = ran(trunk, adapter(image))
        if features.ndim != 2:
            raise ValueError("its features are not one vector an image")
        self.adapter, self.trunk = adapter, trunk
        self.bottleneck = bottleneck(features.shape[1], latent)
        self.head = head(outputs, latent)
        self.layers = (*(f"trunk.{name}" for name in spread(names)), "bottleneck", "head")

    def forward(self, images: torch.Tensor) -> Output:
        """Return latent float32 (B, latent) and logits float32 (B, outputs) of images float32 (B, C, H, W)."""
        latent = self.bottleneck(self.trunk(self.adapter(images)))
        return Output(latent, self.head(latent))


def timm_model(
    shape: tuple[int, int, int], outputs: int, name: str, *, pretrained: bool = False, latent: int = 256
) -> TimmModel:
    """Build any timm model by name, as in `timm:convnext_tiny`, with a linear latent and head.

    Convolutional models take the images as they are. Models of a fixed size (vision transformers) are built for
    the images' size; where their patch does not divide it, edge pixels are repeated up to the next multiple, half
    on each side; where the model has no such size, images are resized (bilinear) to its own. CKA compares the
    convolutions and linear layers that a forward pass runs, in its order, at most 16 evenly spaced, then
    bottleneck and head. pretrained: start from timm's published weights, fetched when not cached.

    Raises:
        PluginError: for an unknown name, weights that cannot be had, or images the model cannot take.

    Source: Wightman 2019, PyTorch Image Models, 10.5281/zenodo.4414861.
    """
    sizes, reason = _sizes(name, shape), ""
    for size in sizes:
        try:
            adapter, trunk = _fitted(name, shape, size, pretrained)
            return TimmModel(adapter, trunk, torch.zeros(1, *shape), outputs, latent)
        except MISFITS as fault:
            reason = reason or _line(fault)
    raise PluginError(f"timm model '{name}' cannot take images of shape {shape}: {reason}")


def _sizes(name: str, shape: tuple[int, int, int]) -> list[tuple[int, int] | None]:
    """Return the sizes to build the model for, in order of preference; None where a model knows no size."""
    if not timm.is_model(name):
        raise PluginError(f"unknown timm model '{name}'{_nearest(name)}")
    try:
        config = timm.get_pretrained_cfg(name)
    except RuntimeError as fault:
        raise PluginError(f"unknown timm model '{name}': {_line(fault)}") from fault
    return [shape[1:], config.input_size[1:]] if config and config.fixed_input_size else [None]


def _fitted(
    name: str, shape: tuple[int, int, int], size: tuple[int, int] | None, pretrained: bool
) -> tuple[nn.Module, nn.Module]:
    """Return the adapter from images to the model's size, and the model."""
    trunk = _create(name, shape[0], size, pretrained)
    if size is None:
        return nn.Identity(), trunk
    if size != shape[1:]:
        return nn.Upsample(size, mode="bilinear"), trunk
    left, right, top, bottom = pad = _padding(trunk, size)
    if not any(pad):
        return nn.Identity(), trunk
    padded = (size[0] + top + bottom, size[1] + left + right)
    return nn.ReplicationPad2d(pad), _create(name, shape[0], padded, pretrained)


def _create(name: str, channels: int, size: tuple[int, int] | None, pretrained: bool) -> nn.Module:
    """Return the timm model without its classifier, raising one of `MISFITS` where it has no such size."""
    trunk = timm.create_model(name, pretrained=False, in_chans=channels, num_classes=0, img_size=size)
    if not pretrained:
        return trunk
    try:
        return timm.create_model(name, pretrained=True, in_chans=channels, num_classes=0, img_size=size)
    except Exception as fault:  # timm, its hub and its sockets raise what they like
        remedy = "connect once to cache them, or set pretrained = false"
        raise PluginError(f"no pretrained weights for timm model '{name}': {_line(fault)}; {remedy}") from fault


def _padding(trunk: nn.Module, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return left, right, top, bottom pixels that bring the image to a multiple of the patch, if there is one."""
    embeddings = [module for module in trunk.modules() if isinstance(module, PatchEmbed)]
    rows, columns = embeddings[0].patch_size if embeddings else (1, 1)
    down, across = -size[0] % rows, -size[1] % columns
    return across // 2, across - across // 2, down // 2, down - down // 2


def _nearest(name: str) -> str:
    """Return the nearest timm names: there are over a thousand, so not all of them."""
    near = difflib.get_close_matches(name, timm.list_models(), n=4, cutoff=0.5)
    guess = f"; did you mean '{near[0]}'?" if near else ";"
    return f"{guess} nearest: {', '.join(near) or 'none'}, of {len(timm.list_models())}"


def _line(fault: Exception) -> str:
    return " ".join(str(fault).split())[:160] or type(fault).__name__
