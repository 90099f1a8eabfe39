"""Church windows: what a network says of the plane that one galaxy's two perturbations span in its latent space.

Source: Ćiprijanović et al. 2022, DeepAdversaries, arXiv 2112.14299; Warde-Farley & Goodfellow 2016.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.colors import ListedColormap

from astrobench_figures.colours import of_classes
from astrobench_figures.grouping import few
from astrobench_figures.heads import head_of
from astrobench_figures.marks import KEY_INCHES, MARK, MARKS, with_key
from astrobench_figures.sheet import Sheet, those_drawn
from astrobench_figures.twins import cells_of, flipped_by_all, keys_of, labels_of, none_flipped, rivals_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astrobench import Exhibit
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from astrobench_figures.heads import Head
    from astrobench_figures.twins import Twins

CELLS = np.arange(-110, 111)
"""Cells of a side: hundredths of a full perturbation, and a tenth of one beyond it. 110 is the centre, 210 the unit."""
GRID = CELLS / 100
LABELLED = CELLS[10::20] / 100  # a tick every 20 cells, one at the centre and one at a full perturbation
END = 1.105  # half a cell beyond the last
MOST_GALAXIES, MOST_METHODS = 6, 4
PANEL_INCHES = 1.95
PLACES = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0))
"""Where the learned image, the other domain's and the attacked one lie, in the order of the twins."""


def church(exhibits: Sequence[Exhibit]) -> Iterator[Sheet]:
    """Yield a sheet for each seed: church windows of the same few galaxies, a row a method.

    Raises: DataError where no attack on pixels flipped a galaxy under every method, or a head is not linear.
    """
    shown = ((rivals, few(flipped_by_all(rivals), MOST_GALAXIES)) for rivals in rivals_of(exhibits, MOST_METHODS))
    makers = (partial(_sheet, rivals, ids) for rivals, ids in shown if len(ids))
    yield from those_drawn(makers, partial(none_flipped, "church", exhibits))


def window(head: Head, latents: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """Return the predicted class int64 (221, 221) at z + y · (other - z) + x · (attacked - z), indexed [y, x].

    latents: float64 (F,) thrice: z of the image as learned, of its other domain, and attacked. The head is linear, so
    the logits of the plane are those of its corner and two multiples: the plane itself is never formed.
    """
    start, other, attacked = latents
    corner = head.weight @ start + head.bias
    up, right = head.weight @ (other - start), head.weight @ (attacked - start)
    logits = corner + GRID[:, None, None] * up + GRID[None, :, None] * right
    return np.asarray(logits.argmax(2))


def _sheet(rivals: tuple[Twins, ...], ids: np.ndarray) -> Sheet:
    heads = [head_of(twins.cells.learned, twins.said[0], "church") for twins in rivals]
    size = (PANEL_INCHES * max(len(ids), 3) + 0.6, PANEL_INCHES * len(rivals) + 0.7 + KEY_INCHES)
    paint = partial(_paint, rivals=rivals, ids=ids, heads=heads)
    cells = cells_of(rivals)
    return Sheet("Church windows", labels_of(rivals), cells, size, paint, keys_of(cells))


def _paint(figure: Figure, rivals: tuple[Twins, ...], ids: np.ndarray, heads: list[Head]) -> None:
    top = with_key(figure, rivals[0])
    panels = top.subplots(len(rivals), len(ids), squeeze=False, sharex=True, sharey=True)
    _, other, attack = rivals[0].names
    for row, twins, head in zip(panels, rivals, heads, strict=True):
        for axes, *latents in zip(row, *twins.latents(ids), strict=True):
            _window(axes, twins, head, (latents[0], latents[1], latents[2]))
        row[0].set_ylabel(twins.cells.learned.method, fontsize=10)
    truths = rivals[0].said[0].labels[rivals[0].rows(ids)[0]]
    for axes, name, truth in zip(panels[0], ids, truths, strict=True):
        axes.set_title(f"{name}, {rivals[0].said[0].classes[truth]}\n{axes.get_title()}", fontsize=7.5)
    top.supxlabel(f"towards {attack} [full perturbations]", fontsize=9)
    top.supylabel(f"towards {other} [full perturbations]", fontsize=9)


def _window(axes: Axes, twins: Twins, head: Head, latents: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    classes = twins.said[0].classes
    shown = ListedColormap(of_classes(classes))
    axes.imshow(
        window(head, latents), cmap=shown, vmin=-0.5, vmax=len(classes) - 0.5, origin="lower",
        extent=(-END, END, -END, END), interpolation="nearest",
    )  # fmt: skip
    for mark, place in zip(MARKS, PLACES, strict=True):
        axes.plot(*place, mark, **MARK, clip_on=False, zorder=3)
    words = [f"{tick:.1f}".replace("-", "\N{MINUS SIGN}") for tick in LABELLED]
    axes.set_xticks(LABELLED, words, fontsize=5.5, rotation=90)
    axes.set_yticks(LABELLED, words, fontsize=5.5)
    start, other, attacked = latents
    up, right = np.linalg.norm(other - start), np.linalg.norm(attacked - start)
    axes.set_title(f"latent distance: up {up:.3g}, right {right:.3g}", fontsize=7)
