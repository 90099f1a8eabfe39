"""Where a changed block of pixels is felt, when every block begins at a multiple of what the network strides over.

A block that holds the changed pixel begins at a pixel that the strides of all maps divide, so that what it changes
lies alike for every block, and one convolution serves all candidates. Rows and columns are worked out apart.
"""

from __future__ import annotations

from math import lcm
from typing import TYPE_CHECKING, NamedTuple

from astrobench_perturbations.folding import NotStagedError
from astrobench_perturbations.stages import INPUT
from astrobench_perturbations.windows import Walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench_perturbations.stages import Stage


class Span(NamedTuple):
    """What a block changes: `extent` cells from cell b // stride + first on, where the block begins at pixel b."""

    first: int
    extent: int
    stride: int

    @property
    def last(self) -> int:
        """The last cell, from b // stride on."""
        return self.first + self.extent - 1

    def seen_by(self, walk: Walk) -> Span:
        """Return the steps of a walk that see a cell of this."""
        low, high = walk.seeing(self.first, self.last)  # type: ignore[arg-type] # whole numbers do as arrays do
        return Span(int(low), int(high - low) + 1, self.stride * walk.stride)

    def looked_at(self, walk: Walk) -> Span:
        """Return the places that the steps of this see."""
        reach = walk.dilation * (walk.size - 1)
        extent = (self.extent - 1) * walk.stride + reach + 1
        return Span(self.first * walk.stride - walk.padding, extent, self.stride // walk.stride)

    def margins(self, pixels: int, cells: int) -> tuple[int, int]:
        """Return how far the spans of all blocks of an image reach beyond a map, before it and after it."""
        return max(0, -self.first), max(0, (pixels - 1) // self.stride + self.last + 1 - cells)


class Feed(NamedTuple):
    """How the changes of a source reach a stage.

    around: zeros before them and after, for a walk without padding. at: which of the stage's places the answer begins.
    """

    around: tuple[int, int]
    at: int


class Side(NamedTuple):
    """A stage along an axis: the cells that change, the places they look at, and what feeds these, term by term."""

    cells: Span
    places: Span
    feeds: tuple[Feed, ...]


def sides_along(stages: Sequence[Stage], axis: int) -> tuple[int, list[Side]]:
    """Return how many pixels a block has along an axis, and the sides of stages that follow each other."""
    strides = {INPUT: 1}
    for number, stage in enumerate(stages):
        strides[number] = _stride(stage, strides, axis)
    block = lcm(*strides.values())
    spans, sides = {INPUT: Span(0, block, 1)}, list[Side]()
    for number, stage in enumerate(stages):
        sides.append(_side(stage, spans, axis))
        spans[number] = sides[-1].cells
    return block, sides


def _stride(stage: Stage, strides: dict[int, int], axis: int) -> int:
    found = {strides[term.source] * term.grid.stride[axis] for term in stage.terms}
    if len(found) > 1:
        raise NotStagedError("a sum of maps of different scales")
    return found.pop() * Walk.along(stage.pool, axis).stride


def _side(stage: Stage, spans: dict[int, Span], axis: int) -> Side:
    walks, pool = [Walk.along(term.grid, axis) for term in stage.terms], Walk.along(stage.pool, axis)
    sources = [spans[term.source] for term in stage.terms]
    felt = [source.seen_by(walk) for source, walk in zip(sources, walks, strict=True)]
    first, last = min(one.first for one in felt), max(one.last for one in felt)
    cells = Span(first, last - first + 1, felt[0].stride).seen_by(pool)
    places = cells.looked_at(pool)
    feeds = tuple(_feed(*each, places) for each in zip(sources, walks, felt, strict=True))
    return Side(cells, places, feeds)


def _feed(source: Span, walk: Walk, felt: Span, places: Span) -> Feed:
    first, last = max(felt.first, places.first), min(felt.last, places.last)
    seen = Span(first, last - first + 1, felt.stride).looked_at(walk)
    return Feed((source.first - seen.first, seen.last - source.last), first - places.first)
