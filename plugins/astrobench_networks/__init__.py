"""Networks: the ConvNet and ResNet18 of DeepAdversaries, and any timm model with the same 256-d latent."""

from __future__ import annotations

import astrobench


@astrobench.hookimpl
def astrobench_architectures() -> dict[str, str]:
    """Name the architectures; `timm:` is a family, as in `timm:convnext_tiny`."""
    return {
        "convnet": "astrobench_networks.convnet:convnet",
        "resnet18": "astrobench_networks.resnet18:resnet18",
        "deepmerge": "astrobench_networks.deepmerge:deepmerge",
        "timm:": "astrobench_networks.timm_family:timm_model",
    }
