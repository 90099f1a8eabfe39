"""A gallery of galaxies that an attack flipped: as learned, in the other domain, and with the pixel circled."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from astrobench_figures.block import block
from astrobench_figures.grouping import few
from astrobench_figures.marks import KEY_INCHES, above_key, class_patches
from astrobench_figures.pictures import strip_of
from astrobench_figures.sheet import Sheet, those_drawn
from astrobench_figures.twins import keys_of, labels_of, none_flipped, twins_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from astrobench import Exhibit
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
    yield from those_drawn(makers, partial(none_flipped, "flipped", exhibits))


def _sheet(twins: Twins, ids: np.ndarray) -> Sheet:
    paint = partial(_paint, twins=twins, ids=ids, strip=strip_of(twins, ids))
    size = (PANEL_INCHES * max(len(ids), 4) + 0.4, 3 * (PANEL_INCHES + 0.25) + 0.4 + KEY_INCHES)
    return Sheet("Galaxies that an attack flipped", labels_of([twins]), twins.cells, size, paint, keys_of(twins.cells))


def _paint(figure: Figure, twins: Twins, ids: np.ndarray, strip: Strip) -> None:
    panels = above_key(figure, class_patches(twins.said[0].classes)).subplots(3, len(ids), squeeze=False)
    block(panels, twins, ids, strip, points=8)
