"""What a training sees, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True, eq=False)
class Material:
    """What a training sees, resident on the device. *_inputs: float32 (N, C, H, W); labels: int64 (N,), or float32
    (N, P) targets of a regression as fractions of their ranges.

    target_inputs has no labels beside it, by design. classes: how many, 0 for a regression. partners: int64 (N,), the
    target image of the same object as each training image, for a method that asks for pairs.
    """

    inputs: torch.Tensor
    labels: torch.Tensor
    valid_inputs: torch.Tensor
    valid_labels: torch.Tensor
    target_inputs: torch.Tensor
    classes: int
    partners: torch.Tensor | None = None


@dataclass
class Run:
    """How far a training is. best: the weights of the epoch that the selection rule keeps so far. kept: the epochs at
    which what the network says was taken down, for rules that look back from the end.
    """

    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best: Tensors = field(default_factory=dict)
    best_epoch: int = -1
    seconds: float = 0.0
    kept: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Checkpoint:
    """Where a training keeps its last finished epoch, and what it says at some: functions, so that the loop knows no
    file. keep(epoch, model): take down what the network says, and its weights.
    """

    load: Callable[[], tuple[Run, Tensors] | None] = lambda: None
    save: Callable[[Run, Tensors], None] = lambda run, tensors: None
    keep: Callable[[int, nn.Module], None] = lambda epoch, model: None
