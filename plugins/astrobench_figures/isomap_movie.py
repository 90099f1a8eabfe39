"""The isomap in three dimensions as a movie that turns once: depth is seen by moving."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from astrobench_figures.clouds import solid
from astrobench_figures.embedding import embedded, enough, too_few
from astrobench_figures.marks import KEY_INCHES, with_sizes
from astrobench_figures.sheet import Film, Sheet
from astrobench_figures.twins import cells_of, flipped_by_all, keys_of, labels_of, rivals_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astrobench import Exhibit
    from matplotlib.figure import Figure

    from astrobench_figures.embedding import Embedding
    from astrobench_figures.twins import Twins

GALAXIES = 50
MOST_METHODS = 2
PANEL_INCHES = 3.8
FRAMES, DEGREES, RATE = 90, 4.0, 20
"""Frames of one turn, degrees from one to the next, and frames a second."""
START = -60.0  # degrees, Matplotlib's own


def isomap_movie(exhibits: Sequence[Exhibit]) -> Iterator[Sheet]:
    """Yield a movie for each dataset, network and attack: the isomap of each method, turning, for the first seed.

    Of one seed alone, for a movie takes half a minute to draw. Name another with `--seeds`.

    Raises: DataError where no cells of two domains and an attack on pixels are of enough galaxies.
    """
    shown: set[tuple[str, ...]] = set()
    for rivals in rivals_of(exhibits, MOST_METHODS):
        place = tuple(word for word in labels_of(rivals) if not word.startswith("seed "))
        if enough(rivals, GALAXIES) and place not in shown:
            shown.add(place)
            yield _sheet(rivals)
    if not shown:
        raise too_few("isomap_movie", exhibits)


def _sheet(rivals: tuple[Twins, ...]) -> Sheet:
    triplets = flipped_by_all(rivals)
    spaces = [embedded(twins, GALAXIES, 3, triplets) for twins in rivals]
    size = (PANEL_INCHES * max(len(rivals), 2), PANEL_INCHES + 0.4 + KEY_INCHES)
    cells = cells_of(rivals)
    paint = partial(_paint, rivals=rivals, spaces=spaces)
    film = Film(FRAMES, RATE, _turn)
    return Sheet("Isomap of the latent space", labels_of(rivals), cells, size, paint, keys_of(cells), film)


def _paint(figure: Figure, rivals: tuple[Twins, ...], spaces: list[Embedding]) -> None:
    top = with_sizes(figure, rivals[0])
    for number, (twins, space) in enumerate(zip(rivals, spaces, strict=True), start=1):
        axes = top.add_subplot(1, len(rivals), number, projection="3d")
        axes.set_title(twins.cells.learned.method, fontsize=11)
        solid(axes, space, twins.said[0].classes)


def _turn(figure: Figure, frame: int) -> None:
    """Show all axes of a figure from where they are seen in a frame."""
    for axes in figure.axes:
        axes.view_init(azim=START + DEGREES * frame)  # type: ignore[attr-defined]
