"""All that the next epoch depends on, as named tensors, and back.

A tensor comes back with the strides it had. The fused optimisers walk the memory of a weight, its gradient and its
state side by side, so a momentum in another order than its weight moves the wrong numbers, and no error is raised; of
anything else, the order decides which kernel multiplies it, and so the last bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from astrobench.training.state import Run

if TYPE_CHECKING:
    from torch import nn

    from astrobench.adaptation import Method
    from astrobench.training.state import Checkpoint, Tensors


def everything(
    model: nn.Module, method: Method, optimiser: torch.optim.Optimizer, *, gradients: bool = False
) -> Tensors:
    """Return all tensors that the next epoch depends on, under names of their own.

    gradients: whether it begins with those of this epoch, as published (quirk "no_gradient_reset").
    """
    parts = {"model": model.state_dict(), "method": method.state_dict()}
    tensors = {f"{part}/{name}": value for part, state in parts.items() for name, value in state.items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser/{index}/{name}": value for name, value in state.items() if value is not None}
    grads = [weight.grad for weight in _weights(optimiser)] if gradients else []
    return tensors | {f"gradient/{index}": grad for index, grad in enumerate(grads) if grad is not None}


def resumed(checkpoint: Checkpoint, model: nn.Module, method: Method, optimiser: torch.optim.Optimizer) -> Run:
    """Return the run of the last checkpoint with all tensors put back, or a new one."""
    kept = checkpoint.load()
    if kept is None:
        return Run()
    run, tensors = kept
    for part, module in (("model", model), ("method", method)):
        _restore(module, _under(part, tensors))
    weights = _weights(optimiser)
    state: dict[int, Tensors] = {}
    for name, value in _under("optimiser", tensors).items():
        index, field_name = name.split("/", 1)
        state.setdefault(int(index), {})[field_name] = _laid_as(weights[int(index)], value)
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    for name, value in _under("gradient", tensors).items():
        weights[int(name)].grad = _laid_as(weights[int(name)], value)
    return run


def _under(part: str, tensors: Tensors) -> Tensors:
    """Return the tensors of one part, under their names in it."""
    return {name.removeprefix(f"{part}/"): v for name, v in tensors.items() if name.startswith(f"{part}/")}


def _weights(optimiser: torch.optim.Optimizer) -> list[torch.Tensor]:
    """Return what an optimiser moves, in the order by which its state is numbered."""
    return [weight for group in optimiser.param_groups for weight in group["params"]]


def _laid_as(weight: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Return a value in the memory order of its weight; one of another shape, such as a count of steps, as it is."""
    return torch.empty_like(weight, dtype=value.dtype).copy_(value) if value.shape == weight.shape else value


def _restore(module: nn.Module, tensors: Tensors) -> None:
    """Put a state back into a module.

    Weights keep their own memory, which the optimiser knows. A buffer that the training has replaced by one of another
    type or order is replaced again.
    """
    module.load_state_dict(tensors)
    for name, buffer in list(module.named_buffers()):
        value = tensors.get(name, buffer)
        if (value.dtype, value.stride()) != (buffer.dtype, buffer.stride()):
            owner, _, own = name.rpartition(".")
            setattr(module.get_submodule(owner), own, value)
