"""The size of a latent space."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astrobench_scores.centroids import centroid_distance


def test_three_centroids_by_hand(prediction):
    """Centroids (0, 0), (3, 0), (0, 4) are 3, 4 and 5 apart."""
    clean = prediction(latent=[[-1, 0], [1, 0], [3, 0], [0, 4]], labels=[0, 0, 1, 2])
    assert centroid_distance(clean) == 4


def test_a_class_without_images_has_no_centroid(prediction):
    assert centroid_distance(prediction(latent=[[0, 0], [6, 8]], labels=[0, 2])) == 10


@pytest.mark.parametrize(
    ("latent", "labels"),
    [
        (np.zeros((0, 2)), []),
        ([[0, 0], [1, 0]], [1, 1]),
        ([[2, 2], [2, 2]], [0, 1]),
        ([[np.nan, 0], [1, 0]], [0, 1]),
    ],
)
def test_without_two_places_there_is_no_scale(prediction, latent, labels):
    assert math.isnan(centroid_distance(prediction(latent=latent, labels=np.array(labels, np.int64))))
