"""How many of a network's first stages are cheaper near the changed pixel than all over their maps."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from astrobench_perturbations.cost import MOVED
from astrobench_perturbations.folding import NotStagedError
from astrobench_perturbations.spans import sides_along
from astrobench_perturbations.whole import is_identity

if TYPE_CHECKING:
    from astrobench_perturbations.spans import Side
    from astrobench_perturbations.stages import Stage, Stages

NEAR, WHOLE, PASTED = 6, 3, 2
"""How often each number of a stage is read and written: near the pixel, all over, and when a window is pasted."""


def stages_near(network: Stages) -> int:
    """Return the number of first stages to recompute near the pixel for the least cost of a candidate; 0 for none."""
    costs = []
    for count in range(len(network.stages)):
        try:
            costs.append(_cost(network, count))
        except NotStagedError:  # what spans cannot follow is recomputed all over
            break
    return costs.index(min(costs))


def multiply_adds(network: Stages) -> int:
    """Return what the terms of all stages multiply for an image, those apart that are their source as it is."""
    return sum(_products(stage, stage.shape[:2]) for stage in network.stages)


def _cost(network: Stages, count: int) -> int:
    stages, (rows, cols) = network.stages, (sides_along(network.stages[:count], axis)[1] for axis in (0, 1))
    near = sum(_near(*each) for each in zip(stages, rows, cols, strict=False))
    read = {term.source for stage in stages[count:] for term in stage.terms}
    pasted = sum(PASTED * MOVED * prod(stages[number].cells_shape) for number in range(count) if number in read)
    whole = sum(_products(stage, stage.shape[:2]) + WHOLE * MOVED * prod(stage.shape) for stage in stages[count:])
    return near + pasted + whole


def _near(stage: Stage, down: Side, across: Side) -> int:
    size = down.places.extent, across.places.extent
    return _products(stage, size) + NEAR * MOVED * prod(size) * stage.shape[2]


def _products(stage: Stage, size: tuple[int, int]) -> int:
    """Return the multiply-adds of the terms of a stage at `size` (rows, columns) places."""
    return prod(size) * sum(term.weight.numel() for term in stage.terms if not is_identity(term))
