"""Torch's randomness for a check, without a trace in the caller's; and a state that went to a file and came back."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load, save

from astrobench.conformance.rules import expect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch inside the block and give the caller's stream back after it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def stored(module: nn.Module) -> dict[str, torch.Tensor]:
    """Return a module's state after a way through safetensors, as a checkpoint takes it."""
    state = module.state_dict()
    for name, value in state.items():
        expect(isinstance(value, torch.Tensor), f"its state {name!r} is {type(value).__name__}, expected a tensor")
    return load(save({name: value.detach().clone().contiguous() for name, value in state.items()}))


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    """Whether two named sets of tensors agree bit for bit; NaN agrees with NaN."""
    return first.keys() == second.keys() and all(_equal(first[name], second[name]) for name in first)


def _equal(first: torch.Tensor, second: torch.Tensor) -> bool:
    return first.shape == second.shape and torch.equal(torch.nan_to_num(first), torch.nan_to_num(second))
