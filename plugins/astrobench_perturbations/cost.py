"""Whether a cone is worth its while: what a candidate costs through it and through the whole network."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from astrobench_perturbations.stages import INPUT
from astrobench_perturbations.tables import sides_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from astrobench_perturbations.stages import Stage, Stages
    from astrobench_perturbations.tables import Sides

MOVED = 250
"""What gathering and comparing one number costs, in multiply-adds, as measured on a CPU."""
GAIN = 2
"""How many times cheaper a cone must look."""
MOST_KEPT = 2**25
"""Numbers in all matrices of a cone, 128 MB."""


def pays(network: Stages, shape: tuple[int, int, int]) -> bool:
    """Return whether candidates for images of `shape` (C, H, W) are cheaper through a cone, and its tables small."""
    sides = sides_of(network.stages, *shape[1:])
    products = [sum(_products(stage, sides, number)) for number, stage in enumerate(network.stages)]
    moved = sum(_places(stage, side) for stage, side in zip(network.stages, sides, strict=True))
    kept = sum(
        product * len(rows.selections) * len(cols.selections)
        for product, (rows, cols) in zip(products, sides, strict=True)
    )
    whole = sum(prod(stage.shape) * term.weight[0].numel() for stage in network.stages for term in stage.terms)
    return kept <= MOST_KEPT and GAIN * (sum(products) + MOVED * moved) <= whole


def _products(stage: Stage, sides: list[Sides], number: int) -> Iterator[int]:
    """Yield the multiply-adds of one candidate in each term."""
    for term in stage.terms:
        source = (1, 1) if term.source == INPUT else tuple(side.window.extent for side in sides[term.source])
        yield prod(source) * term.weight.shape[1] * _places(stage, sides[number])


def _places(stage: Stage, side: Sides) -> int:
    """Return how many numbers of the linear part one candidate can change."""
    cells = prod(along.window.extent for along in side)
    return cells * prod(stage.pool.size if stage.pool else (1, 1)) * stage.shape[2]
