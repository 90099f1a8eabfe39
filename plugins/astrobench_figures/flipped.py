"""A gallery of galaxies that an attack flipped: as learned, in the other domain, and with the pixel circled."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from astrobench_figures.colours import of_classes
from astrobench_figures.marks import KEY_INCHES, above_key, class_patches
from astrobench_figures.pictures import bar, bare, circle, coloured, limits_of, strip_of
from astrobench_figures.sheet import Sheet, those_drawn
from astrobench_figures.twins import few, keys_of, labels_of, none_flipped, twins_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astrobench import Exhibit, Prediction
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from astrobench_figures.pictures import Strip
    from astrobench_figures.twins import Twins

MOST_GALAXIES = 6
PANEL_INCHES = 1.75


def flipped(exhibits: Sequence[Exhibit]) -> Iterator[Sheet]:
    """Yield a sheet for each network that an attack flipped: a column a galaxy, by id, a row what was done to it.

    Raises: DataError where no attack on pixels flipped any galaxy.
    """
    shown = ((twins, few(twins.flipped(), MOST_GALAXIES)) for twins in twins_of(exhibits))
    makers = (partial(_sheet, twins, ids) for twins, ids in shown if len(ids))
    yield from those_drawn(makers, none_flipped("flipped", exhibits))


def _sheet(twins: Twins, ids: np.ndarray) -> Sheet:
    paint = partial(_paint, twins=twins, ids=ids, strip=strip_of(twins, ids))
    size = (PANEL_INCHES * max(len(ids), 4) + 0.4, 3 * (PANEL_INCHES + 0.25) + 0.4 + KEY_INCHES)
    return Sheet("Galaxies that an attack flipped", labels_of([twins]), twins.cells, size, paint, keys_of(twins.cells))


def _paint(figure: Figure, twins: Twins, ids: np.ndarray, strip: Strip) -> None:
    classes = twins.said[0].classes
    panels = above_key(figure, class_patches(classes)).subplots(3, len(ids), squeeze=False)
    limits, width = [limits_of(learned) for learned in strip.images[0]], strip.images[0].shape[-1]
    rows = zip(panels, strip.images, twins.said, twins.rows(ids), twins.names, strict=True)
    for row, images, said, places, name in rows:
        for axes, image, ends, place in zip(row, images, limits, places, strict=True):
            axes.imshow(coloured(image[None], strip.bands, ends)[0], origin="lower", interpolation="none")
            told(axes, said, place)
        row[0].set_ylabel(name, fontsize=10)
    for axes, places in zip(panels[2], strip.pixels, strict=True):
        circle(axes, places, width)
    truths = twins.said[0].labels[twins.rows(ids)[0]]
    for axes, galaxy, truth in zip(panels[0], ids, truths, strict=True):
        axes.set_title(f"{galaxy}\ntrue: {classes[truth]}", fontsize=8)
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
