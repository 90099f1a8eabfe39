"""Isomaps of latents in two and three dimensions: where two domains and attacked galaxies lie for a network."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from astrobench_figures.clouds import solid
from astrobench_figures.colours import of_classes
from astrobench_figures.embedding import embedded, enough, too_few
from astrobench_figures.marks import KEY_INCHES, MARKS, with_sizes
from astrobench_figures.sheet import Sheet, those_drawn
from astrobench_figures.twins import cells_of, flipped_by_all, keys_of, labels_of, rivals_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astrobench import Exhibit
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from astrobench_figures.embedding import Embedding
    from astrobench_figures.twins import Twins

GALAXIES = 250
MOST_METHODS = 3
PANEL_INCHES = 4.2
SIZES = (80.0, 20.0, 400.0)
"""Areas of the marks of Y10, Y1 and triplets as published, for a figure about twice as large."""
SMALLER = 0.4


def isomap(exhibits: Sequence[Exhibit]) -> Iterator[Sheet]:
    """Yield a sheet for each seed: a column a method, its isomap in two dimensions above that in three.

    Raises: DataError where no cells of two domains and an attack on pixels are of enough galaxies.
    """
    shown = (rivals for rivals in rivals_of(exhibits, MOST_METHODS) if enough(rivals, GALAXIES))
    yield from those_drawn((partial(_sheet, rivals) for rivals in shown), partial(too_few, "isomap", exhibits))


def _sheet(rivals: tuple[Twins, ...]) -> Sheet:
    triplets = flipped_by_all(rivals)
    flat, deep = ([embedded(twins, GALAXIES, d, triplets) for twins in rivals] for d in (2, 3))
    size = (PANEL_INCHES * max(len(rivals), 2), 1.75 * PANEL_INCHES + 0.6 + KEY_INCHES)
    cells = cells_of(rivals)
    paint = partial(_paint, rivals=rivals, flat=flat, deep=deep)
    return Sheet("Isomap of the latent space", labels_of(rivals), cells, size, paint, keys_of(cells))


def _paint(figure: Figure, rivals: tuple[Twins, ...], flat: list[Embedding], deep: list[Embedding]) -> None:
    top = with_sizes(figure, rivals[0])
    classes = rivals[0].said[0].classes
    for number, (twins, plane, space) in enumerate(zip(rivals, flat, deep, strict=True), start=1):
        axes = top.add_subplot(2, len(rivals), number)
        axes.set_title(twins.cells.learned.method, fontsize=11)
        _plane(axes, plane, classes)
        solid(top.add_subplot(2, len(rivals), len(rivals) + number, projection="3d"), space, classes)


def _plane(axes: Axes, found: Embedding, classes: tuple[str, ...]) -> None:
    colours = of_classes(classes)
    learned, other, *triplets = zip(found.points, found.classes, strict=True)
    for (points, said), area, edge in zip((learned, other), SIZES, ("white", "black"), strict=False):
        shown = [colours[k] for k in said]
        axes.scatter(points[:, 0], points[:, 1], s=area * SMALLER, c=shown, edgecolors=edge, linewidths=0.5)
    for (points, said), mark in zip(triplets, MARKS, strict=True):
        axes.scatter(
            points[:, 0], points[:, 1], s=SIZES[2] * SMALLER, c=[colours[k] for k in said], marker=mark,
            edgecolors="black", linewidths=1.2, zorder=4,
        )  # fmt: skip
    for start, *ends in zip(*(points for points, _ in triplets), strict=True):
        for end in ends:
            axes.plot([start[0], end[0]], [start[1], end[1]], color="black", linewidth=0.9, zorder=3)
    axes.set_xlabel("isomap 1 [latent distance]")
    axes.set_ylabel("isomap 2 [latent distance]")
