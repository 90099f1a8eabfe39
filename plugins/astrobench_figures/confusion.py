"""What each class was taken for: on the domain that was learned, on others, and under attack."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from astrobench import DataError

from astrobench_figures.colours import sequential
from astrobench_figures.sheet import Sheet, in_lines
from astrobench_figures.trainings import families_of, keys_of, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astrobench import Exhibit, Prediction
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from astrobench_figures.trainings import Tests

INCHES_A_CLASS, FEWEST_INCHES = 0.62, 2.3
MOST_NUMBERED = 12
"""Classes of which each cell has its numbers written in it: text is what takes the time, and the room."""
INCHES_A_NAME, MOST_INCHES = 0.11, 9.0
"""Room for the name of a class among more, and of their panel's side at most: then every second, third … is named."""
ACROSS, LONGEST_NAME = 11, 18
"""Letters of a name that stands across its cell; longer ones stand along it, cut to so many."""
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""Of linear red, green and blue (ITU-R BT.709)."""
EVEN = 0.179
"""The luminance on which black and white have one contrast, √(1.05 · 0.05) - 0.05 (WCAG 2.1)."""


def confusion(exhibits: Sequence[Exhibit]) -> Iterator[Sheet]:
    """Yield a sheet for each method: a row a seed; the learned domain, the others and the attacks side by side.

    Domains without labels are left out.

    Raises: DataError where none of these cells is an unperturbed one of a classification on the learned domain.
    """
    families = families_of([one for one in exhibits if one.task == "classification" and one.labelled])
    if not families:
        raise DataError(
            "figure 'confusion' draws what each class was taken for, and no stored cell is of a classification on the"
            " domain that it learned"
        )
    for family, trainings in families.items():
        cells = tuple(cell for tests in trainings for cell in tests.every)
        side, below = _side(len(cells[0].classes)), 0.35 if _across(cells[0].classes) else 1.25
        size = (side * max(len(tests.every) for tests in trainings) + 1.0, (side + below) * len(trainings) + 0.2)
        paint = partial(_paint, trainings=trainings, side=side)
        yield Sheet("What each class was taken for", family, cells, size, paint, keys_of(cells))


def _side(classes: int) -> float:
    """Return how many inches a panel of so many classes has a side."""
    if classes <= MOST_NUMBERED:
        return max(FEWEST_INCHES, INCHES_A_CLASS * classes + 0.5)
    return min(max(INCHES_A_NAME * classes + 1.5, 5.0), MOST_INCHES)


def _across(classes: Sequence[str]) -> bool:
    """Say whether the names of classes are few and short enough to stand across their cells."""
    return len(classes) <= MOST_NUMBERED and max(map(len, classes)) <= ACROSS


def _paint(figure: Figure, trainings: Sequence[Tests], side: float) -> None:
    columns = max(len(tests.every) for tests in trainings)
    panels = figure.subplots(len(trainings), columns, squeeze=False)
    for row, tests in zip(panels, trainings, strict=True):
        for axes, cell in zip(row, tests.every, strict=False):
            _panel(axes, cell.predicted(), in_lines(_title(cell), side), side)
        for axes in row[len(tests.every) :]:
            axes.remove()
        for axes in row[1:]:
            axes.tick_params(labelleft=False)
        row[0].set_ylabel(f"seed {tests.learned.seed}\ntrue class")
    for axes in panels[-1]:
        axes.set_xlabel("predicted class", fontsize=8)
    shown = panels[0, 0].images[0]
    figure.colorbar(shown, ax=panels, label="of the true class [%]", shrink=0.8, aspect=30)


def _title(cell: Exhibit) -> str:
    if not cell.clean:
        return f"{cell.domain}, {name_of(cell)}"
    return f"{cell.domain} ({'source' if cell.domain == cell.source else 'other'})"


def _panel(axes: Axes, said: Prediction, title: str, side: float) -> None:
    counts, of = counts_of(said)
    percent = np.divide(100 * counts, of[:, None], out=np.full(counts.shape, np.nan), where=of[:, None] > 0)
    axes.imshow(percent, cmap=sequential(), vmin=0, vmax=100, interpolation="nearest")
    right = f", {100 * np.trace(counts) / of.sum():.1f} % right" if of.sum() else ""
    if len(said.classes) > MOST_NUMBERED:
        empty = int((of == 0).sum())
        right += f"; grey: {empty} without an image" if empty else ""
    else:
        _numbers(axes, percent, counts)
    _names(axes, said.classes, side)
    axes.set_title(f"{title}\n{of.sum()} images{right}", fontsize=9)


def _numbers(axes: Axes, percent: np.ndarray, counts: np.ndarray) -> None:
    """Write into each cell the share of its true class and how many images that is."""
    for (row, column), value in np.ndenumerate(percent):
        told = f"{value:.0f} %\n{counts[row, column]}" if np.isfinite(value) else "no image"
        ink = ink_on(sequential()(value / 100))
        axes.text(column, row, told, ha="center", va="center", fontsize=8, color=ink)


def _names(axes: Axes, classes: Sequence[str], side: float) -> None:
    """Name as many of the classes, evenly spaced, as there is room for."""
    many = len(classes) > MOST_NUMBERED
    step = math.ceil(INCHES_A_NAME * len(classes) / (side - 1.5)) if many else 1
    words = [name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…" for name in classes[::step]]
    across = _across(classes)
    places, size = range(0, len(classes), step), 6 if many else 8
    axes.set_xticks(places, words, fontsize=size, rotation=0 if across else 90)
    axes.set_yticks(places, words, fontsize=size, rotation=90 if across else 0, va="center")


def ink_on(paper: tuple[float, ...]) -> str:
    """Return black or white, whichever is easier to read on a colour in sRGB."""
    red_green_blue = np.array(paper[:3])
    linear = np.where(red_green_blue <= 0.04045, red_green_blue / 12.92, ((red_green_blue + 0.055) / 1.055) ** 2.4)
    return "black" if float(LUMINANCE @ linear) > EVEN else "white"


def counts_of(said: Prediction) -> tuple[np.ndarray, np.ndarray]:
    """Return images by true and predicted class, int64 (K, K), and by true class, int64 (K,).

    An image whose logits are not finite was taken for nothing.
    """
    classes = len(said.classes)
    finite = np.isfinite(said.logits).all(axis=1)
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (said.labels[finite], said.logits[finite].argmax(1)), 1)
    return counts, np.bincount(said.labels, minlength=classes)
