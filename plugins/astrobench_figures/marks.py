"""Marks of the three twins of a galaxy, and a key that takes its own room below the panels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from astrobench_figures.colours import of_classes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.figure import Figure, SubFigure

    from astrobench_figures.twins import Twins

MARKS = ("X", "*", "^")
"""The image as learned, that of the other domain, and the attacked one."""
MARK: dict[str, Any] = {"color": "white", "markeredgecolor": "black", "markersize": 8, "linestyle": "none"}
KEY_INCHES, LINE_INCHES, INCHES_A_WORD = 0.4, 0.2, 0.95
MOST_NAMED = 40  # classes in a key: five times eight colours, and the sixth eight are all but white


def with_key(figure: Figure, twins: Twins) -> SubFigure:
    """Return what is left of a figure above a key of class colours and of the marks of twins."""
    marks = [Line2D([], [], marker=mark, label=name, **MARK) for mark, name in zip(MARKS, twins.names, strict=True)]
    return above_key(figure, [*class_patches(twins.said[0].classes), *marks])


def with_sizes(figure: Figure, twins: Twins) -> SubFigure:
    """Return what is left of a figure above a key of classes, of the large and small dots of domains, and of twins."""
    dot: dict[str, Any] = {"color": "0.6", "markeredgecolor": "black", "linestyle": "none", "marker": "o"}
    learned, other, _ = twins.names
    dots = [Line2D([], [], markersize=size, label=name, **dot) for size, name in ((6, learned), (3, other))]
    told = (f"attacked: {learned}", f"in {other}", twins.names[2])
    marks = [Line2D([], [], marker=mark, label=name, **MARK) for mark, name in zip(MARKS, told, strict=True)]
    return above_key(figure, [*class_patches(twins.said[0].classes), *dots, *marks])


def above_key(figure: Figure, handles: Sequence[Artist]) -> SubFigure:
    """Return what is left of a figure above a key of these. A legend outside of the panels would lie on the foot."""
    columns = min(len(handles), max(1, int(figure.get_figwidth() / INCHES_A_WORD)))
    own = max(KEY_INCHES, LINE_INCHES * -(-len(handles) // columns))
    rest = max(figure.get_figheight() - own, own)
    parts: Any = figure.subfigures(2, 1, height_ratios=(rest, own))
    parts[1].legend(handles=handles, loc="center", ncols=columns, fontsize=8, frameon=False)
    top: SubFigure = parts[0]
    return top


def class_patches(classes: Sequence[str]) -> list[Patch]:
    """Return a patch for each class, in its colour; of more than forty the others are counted."""
    named = list(zip(classes, of_classes(classes), strict=True))[:MOST_NAMED]
    patches = [Patch(color=colour, label=name) for name, colour in named]
    left = len(classes) - len(named)
    return [*patches, Patch(color="none", label=f"and {left} more classes")] if left else patches
