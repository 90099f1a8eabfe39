"""The linear head that ends a network: what makes a map of its decisions a closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from astrobench import DataError
from torch import nn

if TYPE_CHECKING:
    from astrobench import Exhibit, Output, Prediction

TOLERANCE = 1e-2
"""How far stored logits may lie from the head of stored latents: a GPU may have multiplied with 10 bits (TF32)."""


class Head(NamedTuple):
    """logits = weight · latent + bias. weight: float64 (K, F). bias: float64 (K,)."""

    weight: np.ndarray
    bias: np.ndarray


def head_of(one: Exhibit, said: Prediction, figure: str) -> Head:
    """Return the linear layer that maps a network's latents to its logits.

    Raises: DataError for a network that has none, or whose stored logits are not those of its stored latents.
    """
    named = f"figure {figure!r} needs a network whose logits are linear in its latent, and {one.architecture!r} has"
    part = one.opened().tests[one.domain]
    inputs = part.stretch(np.asarray(part.images[:2]))
    layer = _last_linear(one.network(), torch.from_numpy(np.asarray(inputs, np.float32)))
    if layer is None:
        raise DataError(f"{named} no linear layer from one to the other")
    head = Head(_array(layer.weight), np.zeros(layer.out_features) if layer.bias is None else _array(layer.bias))
    expected = said.latent.astype(np.float64) @ head.weight.T + head.bias
    if not np.allclose(expected, said.logits, rtol=TOLERANCE, atol=TOLERANCE):
        raise DataError(f"{named} stored logits that are not its head's: astrobench fsck, then run again")
    return head


@torch.inference_mode()
def _last_linear(network: nn.Module, inputs: torch.Tensor) -> nn.Linear | None:
    """Return the linear layer that was given the latent and gave the logits of these inputs."""
    ran: list[tuple[nn.Linear, torch.Tensor, torch.Tensor]] = []
    linear = [module for module in network.modules() if isinstance(module, nn.Linear)]
    handles = [one.register_forward_hook(lambda m, given, gave: ran.append((m, given[0], gave))) for one in linear]
    try:
        output: Output = network(inputs)
    finally:
        for handle in handles:
            handle.remove()
    ends = (layer for layer, given, gave in ran if _same(given, output.latent) and _same(gave, output.logits))
    return next(ends, None)


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and torch.equal(one, other)


def _array(values: torch.Tensor) -> np.ndarray:
    return np.asarray(values.detach().double().numpy())
