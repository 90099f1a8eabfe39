"""What a network inferred against what is true, with the widths that it gave, on the domain it learned and another."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from astrobench import DataError

from astrobench_figures.colours import LEARNED, OTHER
from astrobench_figures.grouping import few, first_of_each, pairs_of
from astrobench_figures.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astrobench import Exhibit, Prediction
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from astrobench_figures.grouping import Pair

MOST_BARS = 100
"""Images that are given error bars: one an object, for more of them hide one another."""
CENTRAL = (1, 99)
"""Percentiles of the inferred means that a panel shows at least."""
PANEL_INCHES = 3.4


def truth(exhibits: Sequence[Exhibit]) -> Iterator[Sheet]:
    """Yield a sheet for each network and other domain: a row a domain, a column a target whose truth is known.

    Raises: DataError where none of these cells is of a regression with a learned and another domain.
    """
    regressions = [one for one in exhibits if one.task == "regression"]
    if exhibits and not regressions:
        raise DataError(
            f"figure 'truth' draws regressions, and suite {exhibits[0].suite!r} has cells of classification only"
        )
    pairs = pairs_of(regressions)
    if not pairs:
        raise DataError("figure 'truth' draws a network's own domain beside another, and no stored cell is of another")
    for pair in pairs:
        both = pair.learned.predicted(), pair.other.predicted()
        size = (PANEL_INCHES * max(2, len(both[0].classes)), 2 * PANEL_INCHES)
        yield Sheet("Inferred against true", pair.labels, tuple(pair), size, partial(_paint, pair=pair, both=both))


def _paint(figure: Figure, pair: Pair, both: tuple[Prediction, Prediction]) -> None:
    targets = both[0].classes
    panels = figure.subplots(2, len(targets), squeeze=False, sharex="col", sharey="col")
    domains = f"{pair.learned.domain} (learned)", f"{pair.other.domain} (other)"
    looks = (LEARNED, "o"), (OTHER, "^")
    for row, prediction, domain, look in zip(panels, both, domains, looks, strict=True):
        for column, axes in enumerate(row):
            _panel(axes, prediction, column, domain, look)
        row[0].legend(fontsize=7, loc="upper left", framealpha=0.6)
    for column, (axes, target) in enumerate(zip(panels[1], targets, strict=True)):
        axes.set_xlabel(f"true {target}")
        axes.set_ylim(*_ends(both, column))


def _panel(axes: Axes, images: Prediction, column: int, domain: str, look: tuple[str, str]) -> None:
    colour, mark = look
    target = images.classes[column]
    axes.set_ylabel(f"inferred {target}")
    axes.grid(alpha=0.3)
    true = _true(images, column)
    if not np.isfinite(true).any():
        axes.set_title(f"{domain}: the truth is not known", fontsize=9)
        return
    mean, width = _inferred(images, column)
    axes.set_title(f"{domain}: {_told(true, mean)}", fontsize=9)
    some = _one_an_object(images)
    label = f"{len(true)} images"
    axes.plot(true, mean, mark, color=colour, alpha=0.15, markersize=2.5, markeredgewidth=0, label=label)
    axes.errorbar(
        true[some], mean[some], width[some], fmt=mark, color=colour, markersize=3, elinewidth=0.7, alpha=0.8,
        label=f"± inferred width, {len(some)} of them",
    )  # fmt: skip
    middle = float(np.nanmean(true))
    axes.axline((middle, middle), slope=1, color="black", linewidth=1.2, zorder=4, label="inferred = true")


def _ends(both: tuple[Prediction, Prediction], column: int) -> tuple[float, float]:
    """Return the ends of the inferred axis: all truths and nearly all means; bars and a few wild means may leave it."""
    values = [_true(one, column) for one in both]
    values += [np.percentile(_inferred(one, column)[0], CENTRAL) for one in both]
    known = np.concatenate(values)
    low, high = float(np.nanmin(known)), float(np.nanmax(known))
    room = 0.1 * (high - low) or 1.0
    return low - room, high + room


def _true(images: Prediction, column: int) -> np.ndarray:
    """Return the true values of a target, float64 (N,), NaN where they are not known."""
    return np.asarray(images.labels, np.float64)[:, column] if images.labelled else np.full(len(images.ids), np.nan)


def _inferred(images: Prediction, column: int) -> tuple[np.ndarray, np.ndarray]:
    """Return posterior means and standard deviations of a target, float64 (N,) each, in its unit."""
    logits = np.asarray(images.logits, np.float64)
    return logits[:, column], logits[:, len(images.classes) + column]


def _one_an_object(images: Prediction) -> np.ndarray:
    """Return rows int64 (≤ MOST_BARS,), the first of each object, evenly spaced over the objects."""
    named = np.asarray(images.ids if images.objects is None else images.objects)
    return few(first_of_each(named), MOST_BARS)


def _told(true: np.ndarray, mean: np.ndarray) -> str:
    known = np.isfinite(true)
    missed, scatter = mean[known] - true[known], ((true[known] - true[known].mean()) ** 2).sum()
    rmse = f"RMSE {np.sqrt((missed**2).mean()):.3g}"
    told = f"R² {1 - (missed**2).sum() / scatter:.2f}, {rmse}" if scatter > 0 else rmse
    return told.replace("-", "\N{MINUS SIGN}")
