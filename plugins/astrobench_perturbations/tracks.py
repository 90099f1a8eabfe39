"""Straight lines on a grid of pixels, with what each pixel gets of them."""

from __future__ import annotations

import math

import numpy as np

PER_PIXEL = 8
"""Samples along a pixel's length of a track."""


def deposit(image: np.ndarray, start: tuple[float, float], end: tuple[float, float], total: float) -> None:
    """Add a track from start to end, (row, col) in pixels, to an image (H, W) in place, `total` spread evenly along it.

    The centre of the first pixel is (0, 0). Each sample of the track counts for the pixel it falls in, so a track
    inside the image leaves its total there, and of one that leaves the image the rest is lost.
    """
    height, width = image.shape
    count = max(1, math.ceil(PER_PIXEL * math.hypot(end[0] - start[0], end[1] - start[1])))
    along = (np.arange(count) + 0.5) / count
    rows, cols = (np.rint(a + along * (b - a)).astype(np.int64) for a, b in zip(start, end, strict=True))
    inside = (rows >= 0) & (rows < height) & (cols >= 0) & (cols < width)
    np.add.at(image, (rows[inside], cols[inside]), total / count)


def band_profile(shape: tuple[int, int], angle: float, offset: float, sigma: float) -> np.ndarray:
    """Return a straight band of Gaussian profile, float64 (H, W), whose integral across it is 1 pixel.

    angle: of the band's normal, in rad from the columns' axis. offset: distance from the image's centre along it, and
    sigma, in pixels.
    """
    height, width = shape
    rows, cols = np.mgrid[:height, :width] - (np.array([height, width]) - 1)[:, None, None] / 2
    across = np.cos(angle) * cols + np.sin(angle) * rows - offset
    profile: np.ndarray = np.exp(-((across / sigma) ** 2) / 2) / (math.sqrt(2 * math.pi) * sigma)
    return profile
