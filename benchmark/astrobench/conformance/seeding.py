"""Torch's randomness and threads for a check, without a trace in the caller's; and a state back from a file."""

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


@contextmanager
def steadily() -> Iterator[None]:
    """Run the block on one thread with kernels that repeat, whatever the caller has set, and give that back after it.

    The order of a sum, and so its last bits, follow the number of threads.
    """
    threads, exact = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(exact)


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
