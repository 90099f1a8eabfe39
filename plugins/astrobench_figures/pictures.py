"""Galaxies as a network sees them, in colour: stretched images of twins, and how large they are on the sky."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from matplotlib.patches import Circle

from astrobench_figures.twins import rows_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench import Prediction
    from matplotlib.axes import Axes

    from astrobench_figures.twins import Twins

SHOWN = (40.0, 99.8)
"""Percentiles of a galaxy's learned image that are black and white: most of the sky is dark, and the noise of another
domain or an attacked pixel may lie beyond."""
CIRCLE = "#F0E442"
RED_TO_BLUE = (("i", "r", "g"), ("z", "r", "g"))
BAR = 0.3
"""The share of an image that a bar of a round length is at most."""


class Strip(NamedTuple):
    """Stretched images float32 (M, C, H, W) of the same M galaxies, thrice, and what they are made of.

    pixel_scale: arcsec, None where it is unknown. pixels: int64 (M, k, 2), row and column of each pixel that the attack
    replaced.
    """

    images: tuple[np.ndarray, np.ndarray, np.ndarray]
    bands: tuple[str, ...]
    pixel_scale: float | None
    pixels: np.ndarray


def strip_of(twins: Twins, ids: np.ndarray) -> Strip:
    """Return what a network was shown of these galaxies, str (M,): learned, other and attacked."""
    dataset = twins.cells.learned.opened()
    tests = [dataset.tests[domain] for domain in (twins.cells.learned.domain, twins.cells.other.domain)]
    learned, other = (part.stretch(np.asarray(part.images[rows_of(part.ids, ids)])) for part in tests)
    images = learned, other, replaced(learned, twins.said[2], twins.rows(ids)[2])
    return Strip(images, dataset.bands, dataset.pixel_scale, _places(twins.said[2], twins.rows(ids)[2]))


def replaced(images: np.ndarray, attack: Prediction, rows: np.ndarray) -> np.ndarray:
    """Return stretched images (M, C, H, W) with the pixels that an attack told of in its rows int64 (M,).

    Of two in one place, the last counts, as in the attack.
    """
    places, changed = _places(attack, rows), np.array(images)
    values = np.asarray(attack.facts["values"])[rows].reshape(*places.shape[:2], -1)
    for image, some, given in zip(changed, places, values, strict=True):
        for (row, col), value in zip(some, given, strict=True):
            image[:, row, col] = value
    return changed


def coloured(images: np.ndarray, bands: Sequence[str], limits: tuple[float, float]) -> np.ndarray:
    """Return float64 (M, H, W, 3) in [0, 1]: i, r and g as red, green and blue; one band alone is grey."""
    low, high = limits
    order = next(([bands.index(b) for b in some] for some in RED_TO_BLUE if set(some) <= set(bands)), None)
    if order is None:
        order = [2, 1, 0] if len(bands) >= 3 else [0, 0, 0]
    scaled = (images[:, order].astype(np.float64) - low) / max(high - low, 1e-12)
    return np.asarray(np.moveaxis(scaled.clip(0, 1), 1, -1))


def limits_of(learned: np.ndarray) -> tuple[float, float]:
    """Return the input values that are shown black and white for one galaxy, in all of its images."""
    low, high = np.percentile(learned, SHOWN)
    return float(low), float(high)


def circle(axes: Axes, pixels: np.ndarray, width: int) -> None:
    """Circle pixels, int64 (k, 2) rows and columns, of an image that is so many pixels wide."""
    for row, col in pixels:
        axes.add_patch(Circle((col, row), 0.05 * width, fill=False, color=CIRCLE, linewidth=1.2))


def bare(axes: Axes) -> None:
    """Take the ticks off an image: a bar tells its size, where that is known."""
    axes.set_xticks([])
    axes.set_yticks([])


def bar(axes: Axes, width: int, pixel_scale: float | None) -> None:
    """Draw a bar of a round number of arcsec on an image of so many pixels; nothing where the scale is unknown."""
    if pixel_scale is None:
        return
    length = _round(BAR * width * pixel_scale)
    start = 0.06 * width
    axes.plot([start, start + length / pixel_scale], [start, start], color="white", linewidth=2, solid_capstyle="butt")
    axes.text(
        start, 0.09 * width, f"{length:g} arcsec", color="white", fontsize=7, fontweight="bold", ha="left", va="bottom"
    )


def _round(most: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that is at most this."""
    power = 10.0 ** math.floor(math.log10(most))
    return max(step * power for step in (1, 2, 5) if step * power <= most * (1 + 1e-9))


def _places(attack: Prediction, rows: np.ndarray) -> np.ndarray:
    """Return int64 (M, k, 2), row and column of the pixels that an attack replaced."""
    pairs = np.stack([np.asarray(attack.facts[name])[rows] for name in ("row", "col")], axis=-1)
    return pairs.reshape(len(rows), -1, 2)
