"""A block of panels: a column a galaxy, a row what was done to it, and below each image what the network said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from astrobench_figures.colours import of_classes
from astrobench_figures.pictures import bar, bare, circle, coloured, limits_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from astrobench import Prediction
    from matplotlib.axes import Axes

    from astrobench_figures.pictures import Strip
    from astrobench_figures.twins import Twins

    Shown = Callable[[int, int, np.ndarray], np.ndarray]


def as_it_is(row: int, column: int, picture: np.ndarray) -> np.ndarray:
    """Return a picture with nothing laid over it."""
    return picture


def block(
    panels: np.ndarray, twins: Twins, ids: np.ndarray, strip: Strip, points: float, shown: Shown = as_it_is
) -> None:
    """Draw the twins of galaxies, str (M,), on axes (3, M), with the attacked pixels circled.

    points: size of the titles. shown: (row, column, picture float64 (H, W, 3)) → the picture that is drawn.
    """
    classes, width = twins.said[0].classes, strip.images[0].shape[-1]
    limits = [limits_of(learned) for learned in strip.images[0]]
    rows = zip(panels, strip.images, twins.said, twins.rows(ids), twins.names, strict=True)
    for number, (row, images, said, places, name) in enumerate(rows):
        for column, (axes, image, ends, place) in enumerate(zip(row, images, limits, places, strict=True)):
            picture = coloured(image[None], strip.bands, ends)[0]
            axes.imshow(shown(number, column, picture), origin="lower", interpolation="none")
            told(axes, said, place)
        row[0].set_ylabel(name, fontsize=10)
    for axes, pixels in zip(panels[2], strip.pixels, strict=True):
        circle(axes, pixels, width)
    truths = twins.said[0].labels[twins.rows(ids)[0]]
    for axes, galaxy, truth in zip(panels[0], ids, truths, strict=True):
        axes.set_title(f"{galaxy}\ntrue: {classes[truth]}", fontsize=points)
    bar(panels[0, 0], width, strip.pixel_scale)


def told(axes: Axes, said: Prediction, row: int) -> None:
    """Write below an image its predicted class and that class's probability, and frame it in the class's colour."""
    logits = said.logits[row].astype(np.float64)
    shares = np.exp(logits - logits.max())
    best = int(logits.argmax())
    bare(axes)
    axes.set_xlabel(f"{said.classes[best]} {shares[best] / shares.sum():.2f}", fontsize=8, labelpad=2)
    for edge in axes.spines.values():
        edge.set(color=of_classes(said.classes)[best], linewidth=2.5)
