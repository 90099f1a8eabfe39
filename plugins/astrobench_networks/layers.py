"""Which layers of an arbitrary network CKA compares: those that run, a few, evenly spaced."""

from __future__ import annotations

import torch
from torch import nn

MOST = 16
"""Most layers of a timm trunk that CKA compares: a deep model has hundreds, and Gram matrices cost."""


def ran(network: nn.Module, image: torch.Tensor) -> tuple[torch.Tensor, list[str]]:
    """Return what the network makes of the image, and its convolutions and linear layers in the order they ran.

    Runs in evaluation mode without gradients, and leaves the network in training mode.
    """
    names: dict[str, None] = {}
    hooks = [
        module.register_forward_hook(lambda *_, name=name: names.setdefault(name) and None)
        for name, module in network.named_modules()
        if isinstance(module, (nn.Conv2d, nn.Linear))
    ]
    network.eval()
    with torch.no_grad():
        made = network(image)
    network.train()
    for hook in hooks:
        hook.remove()
    return made, list(names)


def spread(names: list[str], most: int = MOST) -> list[str]:
    """Return at most `most` of the names, evenly spaced, the first and the last among them."""
    if len(names) <= most:
        return names
    return [names[round(index * (len(names) - 1) / (most - 1))] for index in range(most)]
