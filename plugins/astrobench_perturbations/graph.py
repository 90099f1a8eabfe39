"""From a network's own graph to stages, or the reason why it has none."""

from __future__ import annotations

import operator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from astrobench import Output
from torch import fx, nn
from torch.nn import functional

from astrobench_perturbations.folding import (
    NotStagedError,
    Shape,
    alone,
    averaged,
    bent,
    convolved,
    normed,
    pool_grid,
    pooled,
    scale_and_shift,
)
from astrobench_perturbations.stages import INPUT, Grid, Pointwise, Stage, Stages
from astrobench_perturbations.vector import Vector

if TYPE_CHECKING:
    from collections.abc import Callable

RISING: dict[type[nn.Module], Callable[[torch.Tensor], torch.Tensor]] = {
    nn.ReLU: torch.relu_,
    nn.ReLU6: partial(functional.relu6, inplace=True),
    nn.Tanh: torch.tanh_,
    nn.Sigmoid: torch.sigmoid_,
}
ADDITIONS = (operator.add, operator.iadd, torch.add)
RELUS = (torch.relu, functional.relu)
NOTHING = (nn.Dropout, nn.Dropout2d, nn.Identity)


def stages_of(model: nn.Module, shape: tuple[int, int, int]) -> Stages:
    """Return the stages of a network in eval mode for images of `shape` (C, H, W).

    Known: Conv2d, BatchNorm, ReLU and its kind, MaxPool2d, AvgPool2d, the global average, Flatten, Linear, Dropout in
    eval mode, and the sum of two branches. Raises NotStagedError for anything else, and whatever torch.fx
    raises for a network that it cannot trace.
    """
    return _Reading(model, shape).read(fx.Tracer().trace(model))


class _Reading:
    """One walk over a graph. values: what each node stands for, a stage that may still grow or a vector."""

    def __init__(self, model: nn.Module, shape: tuple[int, int, int]) -> None:
        channels, height, width = shape
        self.modules, self.image_shape = dict(model.named_modules()), (height, width, channels)
        self.any_weight = next(model.parameters())
        self.stages: list[Stage] = []
        self.values: dict[fx.Node, Stage | Vector] = {}
        self.numbers: dict[fx.Node, int] = {}

    def read(self, graph: fx.Graph) -> Stages:
        """Return the stages up to the logits."""
        for node in graph.nodes:
            if node.op == "placeholder":
                self.numbers[node] = INPUT
            elif node.op != "output" and node.target is not Output:
                self.values[node] = self._value(node)
        if list(self.numbers.values()).count(INPUT) != 1:
            raise NotStagedError("more than one input")
        return self._read_out(graph.output_node().args[0])

    def _read_out(self, answer: Any) -> Stages:
        if not isinstance(answer, fx.Node) or answer.target is not Output:
            raise NotStagedError("an answer that is not an Output")
        logits = answer.args[1] if len(answer.args) > 1 else answer.kwargs["logits"]
        vector = self.values[logits]  # type: ignore[index]
        if not isinstance(vector, Vector) or vector.weight is None or vector.bias is None:
            raise NotStagedError("logits that no linear layer gives")
        if vector.source != len(self.stages) - 1:
            raise NotStagedError("more stages than the logits need")
        readout = vector.readout(self._shape(vector.source))
        return Stages(tuple(self.stages), readout, vector.bias.float(), vector.tail)

    def _value(self, node: fx.Node) -> Stage | Vector:
        source = node.args[0] if node.args else None
        if not isinstance(source, fx.Node):
            raise NotStagedError(f"{node.target} of something that is not computed from the image")
        if node.op == "call_module":
            return self._module(self.modules[str(node.target)], source)
        if node.target in ADDITIONS and len(node.args) == 2 and not node.kwargs:
            return self._sum(source, node.args[1])
        if node.target in RELUS:
            return self._bent(source, Pointwise(torch.relu_, rising=True))
        if node.target in (torch.flatten, "flatten") and node.args[1:] == (1,) and not node.kwargs:
            return self._flat(source, mean=False)
        raise NotStagedError(f"{node.target} is not known")

    def _module(self, module: nn.Module, source: fx.Node) -> Stage | Vector:
        if module.training:
            raise NotStagedError(f"{type(module).__name__} in training mode")
        if type(module) in RISING:
            return self._bent(source, Pointwise(RISING[type(module)], rising=True))
        match module:
            case nn.LeakyReLU(negative_slope=slope):
                leaky = partial(functional.leaky_relu, negative_slope=slope, inplace=True)
                return self._bent(source, Pointwise(leaky, slope >= 0))
            case nn.Conv2d():
                number = self._close(source)
                return convolved(module, number, self._shape(number))
            case nn.BatchNorm2d() | nn.BatchNorm1d():
                return self._normed(module, source)
            case nn.MaxPool2d():
                return self._pooled(pool_grid(module), source)
            case nn.AvgPool2d():
                number = self._close(source)
                return averaged(module, number, self._shape(number), self.any_weight)
            case nn.AdaptiveAvgPool2d(output_size=1 | (1, 1)):
                return self._flat(source, mean=True)
            case nn.Flatten(start_dim=1, end_dim=-1):
                return self._flat(source, mean=False)
            case nn.Linear():
                return self._linear(module, source)
        if isinstance(module, NOTHING):
            return self._open(source)
        raise NotStagedError(f"{type(module).__name__} is not known")

    def _open(self, node: fx.Node) -> Stage | Vector:
        """Return what a node stands for, ready to grow: itself if nobody else uses it, or a stage after it."""
        value = self.values.get(node)
        if isinstance(value, Vector) or (value is not None and len(node.users) == 1 and node not in self.numbers):
            return value
        number = self._close(node)
        return alone(number, self._shape(number), self.any_weight)

    def _open_stage(self, node: fx.Node) -> Stage:
        value = self._open(node)
        if isinstance(value, Vector):
            raise NotStagedError("a map where numbers are")
        return value

    def _close(self, node: fx.Node) -> int:
        """Return the number of the stage that a node ends."""
        if node not in self.numbers:
            value = self.values[node]
            if isinstance(value, Vector):
                raise NotStagedError("a map made of numbers")
            self.stages.append(value)
            self.numbers[node] = len(self.stages) - 1
        return self.numbers[node]

    def _shape(self, number: int) -> Shape:
        return self.image_shape if number == INPUT else self.stages[number].cells_shape

    def _bent(self, source: fx.Node, step: Pointwise) -> Stage | Vector:
        value = self._open(source)
        return value.then(step.function) if isinstance(value, Vector) else bent(value, step)

    def _normed(self, module: nn.BatchNorm1d | nn.BatchNorm2d, source: fx.Node) -> Stage | Vector:
        scale, shift = scale_and_shift(module)
        value = self._open(source)
        return value.scaled(scale, shift) if isinstance(value, Vector) else normed(value, scale, shift)

    def _pooled(self, grid: Grid, source: fx.Node) -> Stage:
        stage = self._open_stage(source)
        grown = pooled(stage, grid)
        if grown is None:
            number = self._close(source)
            grown = replace(alone(number, self._shape(number), self.any_weight), pool=grid)
        return grown

    def _sum(self, one: fx.Node, other: Any) -> Stage:
        if not isinstance(other, fx.Node):
            raise NotStagedError("a sum with something that is not a map")
        first, second = (self._addend(node) for node in (one, other))
        if first.shape != second.shape:
            raise NotStagedError("a sum of maps of different shapes")
        return replace(first, terms=(*first.terms, *second.terms), bias=first.bias + second.bias)

    def _addend(self, node: fx.Node) -> Stage:
        stage = self._open_stage(node)
        if stage.is_linear:
            return stage
        number = self._close(node)
        return alone(number, self._shape(number), self.any_weight)

    def _flat(self, source: fx.Node, *, mean: bool) -> Vector:
        value = self.values.get(source)
        if isinstance(value, Vector):
            return value
        number = self._close(source)
        if number == INPUT:  # a vector is made of a stage's cells
            self.stages.append(alone(INPUT, self.image_shape, self.any_weight))
            number = len(self.stages) - 1
        return Vector(number, mean)

    def _linear(self, module: nn.Linear, source: fx.Node) -> Vector:
        value = self.values.get(source)
        if not isinstance(value, Vector):
            raise NotStagedError("a linear layer on a map")
        weight = module.weight.double()
        bias = weight.new_zeros(len(weight)) if module.bias is None else module.bias.double()
        return value.mapped(weight, bias)
