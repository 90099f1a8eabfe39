"""What seeds, images and objects each add to the variance of a mean.

Letters: S seeds, N test images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Part:
    """One independent source of uncertainty: the variance it gives an estimate, and its degrees of freedom."""

    variance: float
    freedom: float


def seed_part(means: np.ndarray) -> Part:
    """Return what seeds add to the variance of the mean of float64 (S,) seed means."""
    return Part(float(means.var(ddof=1)) / means.size, means.size - 1)


def image_part(means: np.ndarray) -> Part:
    """Return what images add to the variance of the mean of float64 (N,) image means, each in [-1, 1].

    Two images are added first, half a one for each outcome of a pair (both right, both wrong, either alone right),
    after Agresti and Min 2005 (Stat. Med. 24, 729): two methods that agree on every image of a small test set are
    not proven equal, and a handful of images on which they differ proves little.
    """
    import numpy as np

    n = means.size + 2
    centre = float(means.sum()) / n
    square = (float(np.square(means).sum()) + 1.0) / n
    return Part((square - centre**2) / n, n - 1)


def object_part(means: np.ndarray, objects: np.ndarray) -> Part:
    """Return what objects add to the variance of the mean of float64 (N,) image means, of which some show one object.

    The mean is a ratio, of the objects' sums to their numbers of images, and has the linearised variance of one: with
    u and w an object's sum and number over the mean number, Σ(u − w·mean)² over the square of the number of objects.
    Two objects of the mean number are added as in `image_part`, which this is where each object has one image.

    Source: Cochran 1977, Sampling Techniques, chapter 9A (clusters of unequal sizes).
    """
    import numpy as np

    owner = np.unique(objects, return_inverse=True)[1]
    counts = np.bincount(owner)
    sums, weights = np.bincount(owner, means) / counts.mean(), counts / counts.mean()
    n = counts.size + 2
    centre = float(sums.sum()) / n
    square = float(np.square(sums - centre * weights).sum()) + 1.0 + 2.0 * centre**2
    return Part(square / n**2, n - 1)
