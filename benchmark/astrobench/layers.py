"""Reading a network's inner layers while it runs, without keeping hooks on it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from astrobench.errors import PluginError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import torch
    from torch import nn


@contextmanager
def hooked(model: nn.Module, names: Sequence[str], see: Callable[[str, torch.Tensor], None]) -> Iterator[None]:
    """Call see(name, output) whenever a named layer has run inside the block.

    Raises PluginError for a layer that the network does not have.
    """
    modules = dict(model.named_modules())
    missing = [name for name in names if name not in modules]
    if missing:
        raise PluginError(f"the network has no layer {missing[0]!r}{did_you_mean(missing[0], filter(None, modules))}")
    handles = [
        modules[name].register_forward_hook(lambda module, args, output, name=name: see(name, output)) for name in names
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def captured(model: nn.Module, names: Sequence[str]) -> Iterator[dict[str, torch.Tensor]]:
    """Collect the outputs of named layers, by name, as they were before any in-place operation after them."""
    seen: dict[str, torch.Tensor] = {}

    def keep(name: str, output: torch.Tensor) -> None:
        seen[name] = output.clone() if names else output

    with hooked(model, names, keep):
        yield seen
