"""Colours that tell domains apart for every eye, and maps of colour that are even in lightness.

Source: Okabe & Ito (2008), Color Universal Design; viridis and cividis are Matplotlib's, RdBu is ColorBrewer's. The
three morphologies have the colours of DeepAdversaries (arXiv:2112.14299).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib
from matplotlib.colors import to_hex, to_rgb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.colors import Colormap

LEARNED, OTHER = "#0072B2", "#D55E00"
"""Blue of the domain that was learned, vermilion of the other; the marker and the line differ too."""
UNKNOWN = "#BBBBBB"
"""What is undefined: a layer that is constant."""

MORPHOLOGIES = {"spiral": "#FFA600", "elliptical": "#BC5090", "merger": "#003F5C"}
"""RGB (255, 166, 0), (188, 80, 144) and (0, 63, 92): they differ in lightness too."""
OTHER_CLASSES = ("#E69F00", "#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000")


def of_classes(classes: Sequence[str]) -> tuple[str, ...]:
    """Return a colour for each class: the published three for morphologies, else eight that every eye tells apart.

    More classes have them again, and each time half of the way to white.
    """
    if set(classes) <= MORPHOLOGIES.keys():
        return tuple(MORPHOLOGIES[name] for name in classes)
    return tuple(_lighter(*divmod(place, len(OTHER_CLASSES))) for place in range(len(classes)))


def _lighter(times: int, place: int) -> str:
    share = 0.5**times
    red, green, blue = (1 - share * (1 - part) for part in to_rgb(OTHER_CLASSES[place]))
    return to_hex((red, green, blue)).upper()


def sequential() -> Colormap:
    """Return the map of colours for a quantity from low to high."""
    return matplotlib.colormaps["viridis"].with_extremes(bad=UNKNOWN)


def diverging() -> Colormap:
    """Return the map of colours for a difference; its middle, nearly white, must stand at 0."""
    return matplotlib.colormaps["RdBu_r"].with_extremes(bad=UNKNOWN)
