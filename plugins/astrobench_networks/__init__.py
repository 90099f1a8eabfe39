"""Networks: the CNNs of DeepAdversaries, DeepMerge and CAMELS, and any timm model with a 256-d latent."""

from __future__ import annotations

import astrobench


@astrobench.hookimpl
def astrobench_architectures() -> dict[str, str]:
    """Name the architectures; `timm:` is a family, as in `timm:convnext_tiny`."""
    return {
        "convnet": "astrobench_networks.convnet:convnet",
        "resnet18": "astrobench_networks.resnet18:resnet18",
        "deepmerge": "astrobench_networks.deepmerge:deepmerge",
        "cmd_o3": "astrobench_networks.cmd_o3:cmd_o3",
        "timm:": "astrobench_networks.timm_family:timm_model",
    }
