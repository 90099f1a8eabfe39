"""Where severities stand on an axis, mild on the left and hard on the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench.severities import Point
    from matplotlib.axes import Axes

DECADE = 10.0
"""Severities whose ends differ by this factor or more have a logarithmic axis."""
UNPERTURBED = "none"


class Ruler(NamedTuple):
    """A severity axis. severities: float64 (P,), mild to hard. origin: where the unperturbed stands.

    placed: whether that is the severity that changes nothing; else it is a place of its own, left of the mildest.
    """

    severities: np.ndarray
    origin: float
    log: bool
    placed: bool
    unit: str

    @property
    def places(self) -> np.ndarray:
        """Return where the unperturbed and each severity stand, float64 (1 + P,)."""
        return np.array([self.origin, *self.severities])

    def beside(self, steps: float) -> np.ndarray:
        """Return the places moved by so many hundredths of the axis, so that bars do not hide one another."""
        scale, back = (np.log, np.exp) if self.log else (np.asarray, np.asarray)
        at = scale(self.places)
        moved: np.ndarray = back(at + steps / 100 * (at[-1] - at[0]))
        return moved

    def put_on(self, axes: Axes) -> None:
        """Give axes this scale, with a tick at each severity and its unit below."""
        if self.log:
            axes.set_xscale("log")
        first = f"{self.origin:g}" if self.placed else UNPERTURBED
        axes.set_xticks(self.places, [first, *(f"{value:g}" for value in self.severities)], fontsize=7)
        axes.set_xticks([], minor=True)
        ends = self.beside(-6)[0], self.beside(6)[-1]
        axes.set_xlim(*ends)
        axes.set_xlabel(self.label, fontsize=8)

    @property
    def label(self) -> str:
        """Return what the axis shows, with its unit."""
        if self.unit.startswith("of "):
            return f"fraction {self.unit}"
        return f"severity [{self.unit}]" if self.unit else "severity (a pure number)"


def ruler_of(points: Sequence[Point]) -> Ruler:
    """Return the axis of a curve from its points, mild to hard."""
    values = np.array([point.severity for point in points], np.float64)
    log = bool(values.min() > 0 and values.max() >= DECADE * values.min())
    harmless = points[0].harmless
    placed = not log and harmless is not None and harmless != values[0]
    origin = float(harmless) if placed and harmless is not None else _left_of(values, log)
    return Ruler(values, origin, log, placed, points[0].unit)


def _left_of(values: np.ndarray, log: bool) -> float:
    """Return a place one mean step before the mildest severity."""
    steps = max(len(values) - 1, 1)
    if log:
        return float(values[0] * (values[0] / values[-1]) ** (1 / steps))
    return float(values[0] - (values[-1] - values[0] if len(values) > 1 else abs(values[0]) or 1.0) / steps)
