"""How many of a network's first stages are cheaper near the changed pixel than all over their maps."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from astrobench_perturbations.cost import MOVED
from astrobench_perturbations.folding import NotStagedError
from astrobench_perturbations.spans import sides_along
from astrobench_perturbations.whole import is_identity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench_perturbations.spans import Side
    from astrobench_perturbations.stages import Stage, Stages

NEAR, WHOLE, PASTED = 6, 3, 2
"""How often each number of a stage is read and written: near the pixel, all over, and when a window is pasted."""


def stages_near(network: Stages) -> int:
    """Return the number of first stages to recompute near the pixel for the least cost of a candidate; 0 for none."""
    costs, each = list[int](), [_at_a_place(stage) for stage in network.stages]
    for count in range(len(network.stages)):
        try:
            costs.append(_cost(network.stages, each, count))
        except NotStagedError:  # what spans cannot follow is recomputed all over
            break
    return costs.index(min(costs))


def multiply_adds(network: Stages) -> int:
    """Return what the terms of all stages multiply for an image, those apart that are their source as it is."""
    return sum(prod(stage.shape[:2]) * _at_a_place(stage) for stage in network.stages)


def _cost(stages: Sequence[Stage], each: Sequence[int], count: int) -> int:
    """Return the cost of a candidate. each: the multiply-adds of every stage at one place."""
    rows, cols = (sides_along(stages[:count], axis)[1] for axis in (0, 1))
    near = sum(_near(*one) for one in zip(stages, each, rows, cols, strict=False))
    read = {term.source for stage in stages[count:] for term in stage.terms}
    pasted = sum(PASTED * MOVED * prod(stages[number].cells_shape) for number in range(count) if number in read)
    return near + pasted + sum(_whole(*one) for one in zip(stages[count:], each[count:], strict=True))


def _near(stage: Stage, each: int, down: Side, across: Side) -> int:
    return down.places.extent * across.places.extent * (each + NEAR * MOVED * stage.shape[2])


def _whole(stage: Stage, each: int) -> int:
    height, width, channels = stage.shape
    return height * width * (each + WHOLE * MOVED * channels)


def _at_a_place(stage: Stage) -> int:
    return sum(term.weight.numel() for term in stage.terms if not is_identity(term))
