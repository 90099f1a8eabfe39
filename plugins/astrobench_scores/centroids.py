"""The size of a latent space, by which distances in it become comparable between networks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial.distance import pdist

from astrobench_scores.averages import mean
from astrobench_scores.pairing import by_id

if TYPE_CHECKING:
    from astrobench import Prediction

NO_SCALE = "no distance between class centroids to divide by"


def centroid_distance(clean: Prediction) -> float:
    """Return the mean Euclidean distance between the centroids of the true classes, over pairs of classes.

    NaN where fewer than two classes have images, where the centroids coincide, or where a latent is not finite.
    """
    images = by_id(clean)
    latent, present = images.latent.astype(np.float64), np.unique(images.labels)
    if len(present) < 2 or not np.isfinite(latent).all():
        return math.nan
    return mean(pdist(np.stack([latent[images.labels == label].mean(axis=0) for label in present]))) or math.nan
