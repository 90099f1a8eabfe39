"""Half precision where it pays and does no harm: in the network. What is made of its outputs is float32.

A loss is a small difference of large numbers: the squared distances of latents of one class, of which the eight bits of
bfloat16 keep nothing. Autocast around it made the gradient of a maximum mean discrepancy wrong by a quarter to a factor
of seven. It costs next to nothing to do exactly, for a batch has a hundred latents.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from astrobench.types import Output

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn


@contextmanager
def forward_in(precision: str, model: nn.Module, device: torch.device) -> Iterator[None]:
    """Let the network's forward pass run in a precision inside the block, whoever calls it; its outputs are float32.

    A method that calls the network itself, to attack it, attacks the one that is trained, at the speed of a step.
    Gradients go back through the network in the precision of the forward pass; weights and their updates are float32.
    """
    if precision == "float32":
        yield
        return
    entered: list[torch.autocast] = []

    def begin(*_: object) -> None:
        entered.append(torch.autocast(device.type, torch.bfloat16))
        entered[-1].__enter__()  # type: ignore[no-untyped-call]

    def end(module: nn.Module, given: object, output: Output | None) -> Output | None:
        entered.pop().__exit__(None, None, None)
        return None if output is None else Output(output.latent.float(), output.logits.float())

    # hooks, not another forward: a copy that a method makes of the network must run its own weights
    handles = [model.register_forward_pre_hook(begin), model.register_forward_hook(end, always_call=True)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
