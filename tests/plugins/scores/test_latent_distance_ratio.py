"""How much further a method's images move than those of the reference."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astrobench_scores.latent_distance_ratio import latent_distance_ratio, ratio_of_means


def images(prediction, latent, success=None, ids=None):
    facts = {} if success is None else {"success": np.array(success, bool)}
    return prediction(ids=ids, latent=latent, labels=np.arange(len(latent)) % 2, facts=facts)


@pytest.fixture
def four(prediction):
    """Return 40 images in a space of centroid distance about 1, and twins of which half were flipped."""
    rng = np.random.default_rng(8)
    here, reference = rng.normal(size=(2, 40, 3))
    success, reference_success = rng.random((2, 40)) < 0.7
    return (
        images(prediction, here),
        images(prediction, here + rng.normal(size=(40, 3)), success),
        images(prediction, reference),
        images(prediction, reference + rng.normal(size=(40, 3)), reference_success),
    )


def test_the_ratio_is_of_means_over_the_images_flipped_for_both(four):
    _, twin, _, reference_twin = four
    both = twin.facts["success"] & reference_twin.facts["success"]
    mean = [np.linalg.norm(b.latent - a.latent, axis=1)[both].mean() for a, b in (four[:2], four[2:])]
    score = latent_distance_ratio(*four)["distance_ratio"]
    assert score.value == pytest.approx(mean[0] / mean[1], rel=1e-6)  # the check is in single precision
    assert score.n == both.sum()


def test_where_nothing_was_attacked_all_common_images_count(prediction):
    clean, twin = images(prediction, [[0, 0], [0, 0], [0, 1]]), images(prediction, [[2, 0], [4, 0], [9, 9]])
    other = images(prediction, [[0, 0], [0, 0]]), images(prediction, [[1, 0], [1, 0]])
    score = latent_distance_ratio(clean, twin, *other)["distance_ratio"]
    assert (score.value, score.n) == (3, 2)


def test_the_reference_against_itself_is_one_without_error(four):
    _, _, reference, reference_twin = four
    for score in latent_distance_ratio(reference, reference_twin, reference, reference_twin).values():
        assert (score.value, score.se) == (1, 0)


def test_the_scaled_ratio_does_not_feel_a_stretch_of_the_latent_space(prediction, four):
    clean, twin, *reference = four
    stretched = images(prediction, clean.latent * 4), images(prediction, twin.latent * 4, twin.facts["success"])
    one, other = latent_distance_ratio(*four), latent_distance_ratio(*stretched, *reference)
    assert other["distance_ratio"].value == pytest.approx(4 * one["distance_ratio"].value, rel=1e-12)
    assert other["distance_ratio_scaled"].value == pytest.approx(one["distance_ratio_scaled"].value, rel=1e-12)
    assert other["distance_ratio_scaled"].se == pytest.approx(one["distance_ratio_scaled"].se, rel=1e-12)


def test_the_scaled_ratio_divides_each_by_its_own_scale(prediction):
    clean, twin = images(prediction, [[0, 0], [0, 2]]), images(prediction, [[3, 0], [3, 2]])
    other = images(prediction, [[0, 0], [0, 5]]), images(prediction, [[1, 0], [1, 5]])
    assert latent_distance_ratio(clean, twin, *other)["distance_ratio_scaled"].value == 7.5


def test_the_delta_error_is_the_spread_of_repeated_samples():
    """1500 samples of 80 pairs: their ratios' deviation is known to 1/√3000 = 2 %, so 8 % is four of those."""
    rng = np.random.default_rng(3)
    common = rng.gamma(4.0, size=(1500, 80))
    a, b = common + rng.gamma(2.0, size=common.shape), common + rng.gamma(3.0, size=common.shape)
    scores = [ratio_of_means(one, other) for one, other in zip(a, b, strict=True)]
    spread = np.std([score.value for score in scores])
    assert np.mean([score.se for score in scores]) == pytest.approx(spread, rel=0.08)


def test_a_reference_that_stands_still_leaves_nan(prediction):
    still = images(prediction, [[0, 0], [0, 1]])
    moved = images(prediction, [[1, 0], [1, 1]])
    again = images(prediction, [[0, 0], [0, 1]])
    scores = latent_distance_ratio(still, moved, still, again)
    assert all(math.isnan(s.value) and s.note == "the reference did not move" for s in scores.values())


def test_no_common_flip_leaves_nan_and_the_reason(prediction):
    clean = images(prediction, [[0, 0], [0, 1]])
    one, other = (images(prediction, [[1, 0], [1, 1]], flips) for flips in ([1, 0], [0, 1]))
    scores = latent_distance_ratio(clean, one, clean, other)
    assert len(scores) == 2
    assert all(math.isnan(s.value) and s.note == "no image was flipped for both" for s in scores.values())


def test_only_a_scaled_way_to_a_flip_has_a_better_end(four):
    assert {name: s.better for name, s in latent_distance_ratio(*four).items()} == {
        "distance_ratio": None,
        "distance_ratio_scaled": "higher",
    }


def test_clean_images_are_not_compared_with_themselves(prediction):
    clean = images(prediction, [[0, 0]])
    assert latent_distance_ratio(clean, clean, clean, clean) == {}
