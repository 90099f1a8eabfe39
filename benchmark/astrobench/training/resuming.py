"""All that the next epoch depends on, as named tensors, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astrobench.training.state import Run

if TYPE_CHECKING:
    import torch
    from torch import nn

    from astrobench.adaptation import Method
    from astrobench.training.state import Checkpoint, Tensors


def everything(model: nn.Module, method: Method, optimiser: torch.optim.Optimizer) -> Tensors:
    """Return all tensors that the next epoch depends on, under names of their own."""
    parts = {"model": model.state_dict(), "method": method.state_dict()}
    tensors = {f"{part}/{name}": value for part, state in parts.items() for name, value in state.items()}
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser/{index}/{name}": value for name, value in state.items() if value is not None}
    return tensors


def resumed(checkpoint: Checkpoint, model: nn.Module, method: Method, optimiser: torch.optim.Optimizer) -> Run:
    """Return the run of the last checkpoint with all tensors put back, or a new one."""
    kept = checkpoint.load()
    if kept is None:
        return Run()
    run, tensors = kept
    for part, module in (("model", model), ("method", method)):
        module.load_state_dict({name: v for (head, name), v in _split(tensors) if head == part})
    state: dict[int, Tensors] = {}
    for (head, name), value in _split(tensors):
        if head == "optimiser":
            index, field_name = name.split("/", 1)
            state.setdefault(int(index), {})[field_name] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    return run


def _split(tensors: Tensors) -> list[tuple[tuple[str, str], torch.Tensor]]:
    return [((name.split("/", 1)[0], name.split("/", 1)[1]), value) for name, value in tensors.items()]
