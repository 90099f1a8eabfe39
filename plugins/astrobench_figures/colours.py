"""Colours that tell domains apart for every eye, and maps of colour that are even in lightness.

Source: Okabe & Ito (2008), Color Universal Design; viridis and cividis are Matplotlib's, RdBu is ColorBrewer's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

LEARNED, OTHER = "#0072B2", "#D55E00"
"""Blue of the domain that was learned, vermilion of the other; the marker and the line differ too."""
UNKNOWN = "#BBBBBB"
"""What is undefined: a layer that is constant."""


def sequential() -> Colormap:
    """Return the map of colours for a quantity from low to high."""
    return matplotlib.colormaps["viridis"].with_extremes(bad=UNKNOWN)


def diverging() -> Colormap:
    """Return the map of colours for a difference; its middle, nearly white, must stand at 0."""
    return matplotlib.colormaps["RdBu_r"].with_extremes(bad=UNKNOWN)
