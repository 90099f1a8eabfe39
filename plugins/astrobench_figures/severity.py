"""Severity curves: how accuracy falls as a perturbation hits harder, a panel a perturbation and a line a method."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from astrobench import DataError
from matplotlib.lines import Line2D

from astrobench_figures.axes import ruler_of
from astrobench_figures.looks import looks_of
from astrobench_figures.rates import rate_of
from astrobench_figures.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from astrobench import Exhibit
    from astrobench.severities import Point
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from astrobench_figures.looks import Look
    from astrobench_figures.rates import Rate

MOST_COLUMNS = 5
PANEL_INCHES = (2.6, 2.15)
LEGEND_INCHES = 0.5
GUESS = "0.4"
"""Grey of the line of a guess."""


class Curve(NamedTuple):
    """A perturbation at several severities, mild to hard; by method, the unperturbed rate and that at each of them."""

    name: str
    points: tuple[Point, ...]
    rates: Mapping[str, tuple[Rate, ...]]


def severity(exhibits: Sequence[Exhibit]) -> Iterator[Sheet]:
    """Yield a sheet for each dataset, architecture and domain: accuracy against severity, with 95 % intervals.

    Domains without labels are left out.

    Raises: DataError where no cell of a classification lies on a severity curve.
    """
    groups: dict[tuple[str, str, str], list[Exhibit]] = {}
    for one in exhibits:
        if one.task == "classification" and one.labelled and (one.clean or one.point is not None):
            groups.setdefault((one.dataset, one.architecture, one.domain), []).append(one)
    shown = [group for group in groups.values() if any(one.point is not None for one in group)]
    if not shown:
        raise DataError(
            "figure 'severity' draws accuracy against severity, and no stored cell lies on a severity curve of a"
            " classification: give a perturbation with each, e.g. each = { fwhm = [0.6, 1.2] }"
        )
    yield from map(_sheet, shown)


def _sheet(cells: Sequence[Exhibit]) -> Sheet:
    one = cells[0]
    names = dict.fromkeys(cell.point.curve for cell in cells if cell.point is not None)
    clean = {method: rate_of(_of(cells, method, None)) for method in dict.fromkeys(cell.method for cell in cells)}
    curves = [_curve(cells, name, clean) for name in names]
    columns = min(len(curves), MOST_COLUMNS)
    wide, high = PANEL_INCHES
    size = (max(wide * columns, 5.2) + 0.4, high * math.ceil(len(curves) / columns) + LEGEND_INCHES)
    keys = tuple((f"{cell.method} seed {cell.seed} unperturbed", cell.key) for cell in cells if cell.clean)
    labels = (one.dataset, one.architecture, f"tested on {one.domain}")
    paint = partial(_paint, curves=curves, guess=1 / len(one.classes), columns=columns)
    return Sheet("Accuracy against severity", labels, tuple(cells), size, paint, keys)


def _of(cells: Sequence[Exhibit], method: str, point: Point | None) -> list[Exhibit]:
    """Return a method's cells at a point, one a seed; at None, its unperturbed ones."""
    return [one for one in cells if one.method == method and one.point == point and one.clean == (point is None)]


def _curve(cells: Sequence[Exhibit], name: str, clean: Mapping[str, Rate]) -> Curve:
    found = {one.point for one in cells if one.point is not None and one.point.curve == name}
    points = tuple(sorted(found, key=lambda p: p.severity if p.harder == "higher" else -p.severity))
    return Curve(
        name,
        points,
        {method: (start, *(rate_of(_of(cells, method, point)) for point in points)) for method, start in clean.items()},
    )


def _paint(figure: Figure, curves: Sequence[Curve], guess: float, columns: int) -> None:
    rows, looks = math.ceil(len(curves) / columns), looks_of(curves[0].rates)
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[LEGEND_INCHES, *[PANEL_INCHES[1]] * rows])
    for place, curve in enumerate(curves):
        axes = figure.add_subplot(grid[1 + place // columns, place % columns])
        _panel(axes, curve, guess, looks)
        if place % columns == 0:
            axes.set_ylabel("accuracy [%]")
        else:
            axes.tick_params(labelleft=False)
    rates = [rate for curve in curves for several in curve.rates.values() for rate in several]
    above = figure.add_subplot(grid[0, :])
    above.axis("off")
    above.legend(
        handles=[*_methods(looks), *_levels(guess)], loc="center", ncols=min(len(looks) + 2, 6),
        fontsize=8, title=_told(rates), title_fontsize=8, frameon=False,
    )  # fmt: skip


def _panel(axes: Axes, curve: Curve, guess: float, looks: Mapping[str, Look]) -> None:
    ruler = ruler_of(curve.points)
    axes.axhline(100 * guess, color=GUESS, linestyle=(0, (5, 2)), linewidth=0.9, zorder=1)
    for number, (method, rates) in enumerate(curve.rates.items()):
        look, values = looks[method], 100 * np.array([rate[:3] for rate in rates]).T
        at = ruler.beside(1.6 * (number - (len(curve.rates) - 1) / 2))
        axes.axhline(100 * (rates[0].value + guess) / 2, color=look.colour, linestyle=":", linewidth=0.9, zorder=1)
        start = look.line if ruler.placed else ":"
        axes.plot(at[:2], values[0, :2], color=look.colour, linestyle=start, linewidth=1.2)
        axes.plot(at[1:], values[0, 1:], color=look.colour, linestyle=look.line, linewidth=1.2)
        axes.errorbar(
            at, values[0], (values[0] - values[1], values[2] - values[0]), fmt=look.marker, color=look.colour,
            markersize=4, ecolor=(look.colour, 0.4), elinewidth=1.0,
        )  # fmt: skip
        for place, rate in zip(at, rates, strict=True):
            seeds = rate.each if rate.seeds > 1 else ()
            axes.plot([place] * len(seeds), 100 * np.array(seeds), "_", color=look.colour, markersize=5, mew=0.8)
        axes.plot(
            at[:1], values[0, :1], look.marker, color=look.colour, markerfacecolor="white", markersize=4, zorder=5
        )
    axes.set_ylim(-4, 104)  # a mark at either end is seen whole
    axes.set_title(f"{curve.name}{_fewer(curve)}", fontsize=9)
    axes.grid(alpha=0.25)
    ruler.put_on(axes)


def _fewer(curve: Curve) -> str:
    """Return how many images a curve rests on, where those are not all."""
    counts = {rate.images for rates in curve.rates.values() for rate in rates[1:] if rate.images}
    whole = {rates[0].images for rates in curve.rates.values()}
    return "" if counts <= whole else f" ({min(counts)} images)"


def _methods(looks: Mapping[str, Look]) -> list[Line2D]:
    return [
        Line2D([], [], color=look.colour, marker=look.marker, linestyle=look.line, markersize=4, label=method)
        for method, look in looks.items()
    ]


def _levels(guess: float) -> list[Line2D]:
    half = Line2D([], [], color="black", linestyle=":", linewidth=0.9, label="half of its margin over a guess")
    label = f"a guess ({100 * guess:.0f} %)"
    return [half, Line2D([], [], color=GUESS, linestyle=(0, (5, 2)), linewidth=0.9, label=label)]


def _told(rates: Sequence[Rate]) -> str:
    seeds = [rate.seeds for rate in rates if rate.images]
    few, many = min(seeds, default=0), max(seeds, default=0)
    over = "images (one seed)" if many == 1 else f"{few if few == many else f'{few} to {many}'} seeds and images"
    dashes = "; dashes: each seed" if many > 1 else ""
    return f"hollow: unperturbed; bars: 95 % interval over {over}{dashes}"
