"""A cloud of points in three dimensions, with a surface through each domain, still or turning."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.tri import Triangulation

from astrobench_figures.colours import of_classes
from astrobench_figures.marks import MARKS

if TYPE_CHECKING:
    from astrobench_figures.embedding import Embedding

SURFACES = ("Oranges", "Blues")
"""Colours of the surfaces through the learned domain and through the other."""
AREAS = (32.0, 8.0, 160.0)
OPACITY = 0.18
ZOOM = 0.84  # leaves room for the label of the third axis


def solid(axes: Any, found: Embedding, classes: tuple[str, ...]) -> None:
    """Draw an embedding in three dimensions on axes that have them."""
    colours = of_classes(classes)
    learned, other, *triplets = zip(found.points, found.classes, strict=True)
    for (points, said), area, surface in zip((learned, other), AREAS, SURFACES, strict=False):
        _surface(axes, points, surface)
        shown = [colours[k] for k in said]
        axes.scatter(*points.T, s=area, c=shown, depthshade=False, edgecolors="black", linewidths=0.3)
    for (points, said), mark in zip(triplets, MARKS, strict=True):
        shown = [colours[k] for k in said]
        axes.scatter(*points.T, s=AREAS[2], c=shown, marker=mark, depthshade=False, edgecolors="black", linewidths=1.2)
    for start, *ends in zip(*(points for points, _ in triplets), strict=True):
        for end in ends:
            axes.plot(*zip(start, end, strict=True), color="black", linewidth=0.9)
    for number, name in enumerate("xyz", start=1):
        getattr(axes, f"set_{name}label")(f"isomap {number} [latent distance]", fontsize=7, labelpad=-1)
    axes.tick_params(labelsize=6, pad=-1)
    axes.set_box_aspect(None, zoom=ZOOM)


def _surface(axes: Any, points: np.ndarray, colours: str) -> None:
    """Draw a surface over a triangulation of the first two coordinates; a galaxy drawn twice is one corner."""
    corners = np.unique(points, axis=0)
    try:
        net = Triangulation(corners[:, 0], corners[:, 1])
    except (RuntimeError, ValueError):  # on one line, or fewer than three
        return
    axes.plot_trisurf(net, corners[:, 2], cmap=colours, alpha=OPACITY, linewidth=0, antialiased=False)
