"""How far a perturbation moves an image in latent space."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from astrobench import SuiteError
from astrobench_scores.latent_distance import latent_distance

RNG = np.random.default_rng(5)
HERE, THERE, LABELS = RNG.normal(size=(9, 4)), RNG.normal(size=(9, 4)), np.arange(9) % 3


def pair(prediction, scale=1.0, **rest):
    clean = prediction(latent=HERE * scale, labels=LABELS)
    return clean, prediction(latent=THERE * scale, labels=LABELS, **rest)


def test_the_published_numbers_are_mean_median_and_population_error(prediction):
    lengths = [math.dist(a, b) for a, b in zip(HERE.astype(np.float32), THERE.astype(np.float32), strict=True)]
    scores = latent_distance(*pair(prediction))
    assert scores["distance_mean"].value == pytest.approx(np.mean(lengths), rel=1e-12)
    assert scores["distance_median"].value == pytest.approx(np.median(lengths), rel=1e-12)
    assert scores["distance_se"].value == pytest.approx(np.std(lengths) / 3, rel=1e-12)
    assert scores["distance_mean"].se == scores["distance_se"].value
    assert {score.n for score in scores.values()} == {9}


def test_the_scaled_distance_does_not_feel_a_stretch_of_the_latent_space(prediction):
    one, other = latent_distance(*pair(prediction)), latent_distance(*pair(prediction, scale=8.0))
    assert other["distance_mean"].value == 8 * one["distance_mean"].value
    assert other["distance_scaled"] == one["distance_scaled"]


def test_the_scale_is_that_of_all_clean_images(prediction):
    clean = prediction(ids=["a", "b"], latent=[[0, 0], [0, 4]], labels=[0, 1])
    scaled = latent_distance(clean, prediction(ids=["a"], latent=[[3, 0]]))["distance_scaled"]
    assert (scaled.value, scaled.se, scaled.n) == (0.75, None, 1)


def test_of_an_attack_the_flipped_images_count_unless_all_are_asked_for(prediction):
    facts = {"success": np.arange(9) < 4}
    clean, attacked = pair(prediction, facts=facts)
    assert latent_distance(clean, attacked)["distance_mean"].n == 4
    assert latent_distance(clean, attacked, over="all")["distance_mean"].n == 9


def test_only_a_scaled_way_to_a_flip_has_a_better_end(prediction):
    flipped = {"success": np.ones(9, bool)}
    ends = {name: s.better for name, s in latent_distance(*pair(prediction, facts=flipped)).items()}
    assert {name for name, better in ends.items() if better} == {"distance_scaled"}
    assert latent_distance(*pair(prediction))["distance_scaled"].better is None


def test_no_flip_leaves_nan_and_the_reason(prediction):
    scores = latent_distance(*pair(prediction, facts={"success": np.zeros(9, bool)}))
    assert len(scores) == 4
    assert all(math.isnan(s.value) and s.note == "no image was flipped" and s.n == 0 for s in scores.values())


def test_one_image_has_no_standard_error(prediction):
    scores = latent_distance(*pair(prediction, facts={"success": np.arange(9) == 3}))
    assert math.isnan(scores["distance_se"].value)
    assert scores["distance_se"].note == "one image has no standard error"
    assert scores["distance_mean"].se is None


def test_one_class_alone_leaves_only_the_scaled_distance_unknown(prediction):
    clean, twin = pair(prediction)
    scores = latent_distance(dataclasses.replace(clean, labels=np.zeros(9, int)), twin)
    assert scores["distance_scaled"].note == "no distance between class centroids to divide by"
    assert math.isfinite(scores["distance_mean"].value)


def test_a_regression_has_distances_but_no_class_scale(prediction):
    clean, twin = (dataclasses.replace(part, task="regression") for part in pair(prediction))
    assert set(latent_distance(clean, twin)) == {"distance_mean", "distance_median", "distance_se"}


def test_clean_images_are_not_compared_with_themselves(prediction):
    clean, _ = pair(prediction)
    assert latent_distance(clean, clean) == {}


def test_an_unknown_choice_of_images_is_refused_in_every_cell(prediction):
    clean, _ = pair(prediction)
    with pytest.raises(SuiteError, match=r"over is 'fliped': .*did you mean 'flipped'\? known: all, flipped"):
        latent_distance(clean, clean, over="fliped")
