"""Where a changed pixel is felt: along one axis, which cells of a stage, and which of their neighbours feed them.

Rows and columns are worked out apart and alike. P: the pixels of the image along the axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from astrobench_perturbations.stages import Grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench_perturbations.stages import Stage

ONE_CELL = Grid((1, 1))


class Window(NamedTuple):
    """The cells a pixel can change. first: int64 (P,), may lie outside the map. extent: how many, for any pixel."""

    first: np.ndarray
    extent: int


class Walk(NamedTuple):
    """A `Grid` along one axis."""

    size: int
    stride: int
    padding: int
    dilation: int

    @classmethod
    def along(cls, grid: Grid | None, axis: int) -> Walk:
        """Return what a grid does along an axis; without one, each place is seen by itself."""
        return cls(*(pair[axis] for pair in grid or ONE_CELL))

    def seen_from(self, steps: np.ndarray) -> np.ndarray:
        """Return the places that steps (…) see, int64 (…, size)."""
        return steps[..., None] * self.stride - self.padding + np.arange(self.size) * self.dilation

    def seeing(self, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the first and last step that sees any of the places low … high."""
        reach = self.dilation * (self.size - 1)
        return -((reach - self.padding - low) // self.stride), (high + self.padding) // self.stride


@dataclass(frozen=True, eq=False)
class Along:
    """One stage along one axis.

    window: the cells that may change. kinds: int64 (P,), pixels of one kind differ by a shift of everything.
    selections: for each kind and term, bool (j, a, i, t): cell j of the source's window, times the weight at t, adds to
    the place that cell i of this window sees at step a of its pool.
    """

    window: Window
    kinds: np.ndarray
    selections: tuple[tuple[np.ndarray, ...], ...]


def along(stage: Stage, axis: int, sources: Sequence[Window]) -> Along:
    """Return a stage along an axis. sources: the window of each term's source."""
    walks, pool = [Walk.along(term.grid, axis) for term in stage.terms], Walk.along(stage.pool, axis)
    window = _window(walks, pool, sources)
    # What is selected depends on how the windows lie to each other, and on nothing else.
    shifts = [
        window.first * pool.stride * walk.stride - source.first for walk, source in zip(walks, sources, strict=True)
    ]
    different, kinds = np.unique(np.stack(shifts, 1), axis=0, return_inverse=True)
    selections = tuple(
        tuple(
            _selected(shift, source.extent, walk, pool, window.extent)
            for shift, source, walk in zip(kind, sources, walks, strict=True)
        )
        for kind in different.tolist()
    )
    return Along(window, kinds.ravel(), selections)


def pixels_along(length: int) -> Window:
    """Return the window of the image itself: each pixel changes itself."""
    return Window(np.arange(length), 1)


def _window(walks: Sequence[Walk], pool: Walk, sources: Sequence[Window]) -> Window:
    ends = [
        walk.seeing(source.first, source.first + source.extent - 1) for walk, source in zip(walks, sources, strict=True)
    ]
    low, high = np.min([low for low, _ in ends], axis=0), np.max([high for _, high in ends], axis=0)
    first, last = pool.seeing(low, high)
    return Window(first, int((last - first).max()) + 1)


def _selected(shift: int, source: int, walk: Walk, pool: Walk, extent: int) -> np.ndarray:
    seen = walk.seen_from(pool.seen_from(np.arange(extent)).T)  # (a, i, t), as if both windows began at 0
    selected: np.ndarray = shift + seen == np.arange(source)[:, None, None, None]
    return selected
