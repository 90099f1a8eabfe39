"""Optimisers and learning-rate schedules, the same for every method."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import nn

    from astrobench.adaptation import Method
    from astrobench.suite import Training


def optimiser_for(model: nn.Module, method: Method, rules: Training, device: torch.device) -> torch.optim.Optimizer:
    """Return the optimiser of a training; a method's own parameters have the learning-rate factor it asks for."""
    groups = [{"params": list(model.parameters()), "factor": 1.0}]
    if own := list(method.parameters()):
        groups.append({"params": own, "factor": method.rate})
    common: dict[str, Any] = {
        "lr": rules.learning_rate,
        "weight_decay": rules.weight_decay,
        "fused": device.type != "mps",
    }
    if rules.optimizer == "sgd":
        return torch.optim.SGD(groups, momentum=rules.betas[0], nesterov=True, **common)
    kind = torch.optim.AdamW if rules.optimizer == "adamw" else torch.optim.Adam
    return kind(groups, betas=rules.betas, **common)


def set_rate(optimiser: torch.optim.Optimizer, rules: Training, progress: float) -> None:
    """Put the learning rate where the schedule wants it at this progress."""
    for group in optimiser.param_groups:
        group["lr"] = rules.learning_rate * group["factor"] * rate_at(rules.schedule, progress)


def rate_at(schedule: str, progress: float) -> float:
    """Return the learning rate as a fraction of its peak, at progress 0 … 1 of the budget."""
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * progress))
    if schedule == "one_cycle":
        rise = 0.3
        return progress / rise if progress < rise else 0.5 * (1 + math.cos(math.pi * (progress - rise) / (1 - rise)))
    return 1.0
