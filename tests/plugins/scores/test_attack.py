"""How easily an attack flips images."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astrobench_scores.attack import attack, wilson
from hypothesis import given
from hypothesis import strategies as st


def attacked(prediction, success, generations, **more):
    generations = np.array(generations, np.int64)
    queries = 400 * (generations + 1)
    facts = {"success": np.array(success, bool), "generations": generations, "queries": queries, **more}
    return prediction(latent=np.zeros((len(success), 2)), facts=facts)


def test_an_unflipped_image_is_censored_and_not_dropped(prediction):
    """Of five, three are flipped after 0, 2 and 9 generations, two not within 80: S = 4/5, 3/5, 2/5 after 9.

    Dropping the two would give a median of 2.
    """
    made = attacked(prediction, [1, 0, 1, 0, 1], [9, 80, 0, 80, 2])
    scores = attack(made, made)
    assert scores["attack_generations"].value == 9
    assert scores["attack_queries"].value == 4000
    assert scores["attack_generations_restricted_mean"].value == pytest.approx((0 + 2 + 9 + 80 + 80) / 5)
    assert scores["attack_generations_restricted_mean"].note == "up to 80"
    assert {score.n for score in scores.values()} == {5}


def test_fewer_than_half_flipped_leaves_the_cap(prediction):
    made = attacked(prediction, [1, 0, 0], [3, 80, 80])
    scores = attack(made, made)
    assert math.isnan(scores["attack_generations"].value)
    assert scores["attack_generations"].note == "> 80: fewer than half were flipped"
    assert scores["attack_queries"].note == "> 32400: fewer than half were flipped"


def test_success_is_a_rate_over_all_attacked_images(prediction):
    made = attacked(prediction, [1, 0, 0, 0], [1, 80, 80, 80])
    score = attack(made, made)["attack_success"]
    assert (score.value, score.se, score.n, score.better) == (0.25, math.sqrt(0.25 * 0.75 / 4), 4, "lower")
    assert score.note == "95% interval 0.0456 to 0.6994"  # Wilson's, the standard worked value for 1 of 4


@given(st.integers(1, 300), st.data())
def test_the_wilson_bounds_solve_their_own_equation(n, data):
    """Each bound is the rate at which the observed one is 1.96 standard errors away, or the end of the scale."""
    count = data.draw(st.integers(0, n))
    for bound in wilson(count, n):
        gap = (count / n - bound) ** 2 * n
        assert gap == pytest.approx(1.959964**2 * bound * (1 - bound), abs=1e-4)


def test_without_an_attack_there_is_no_score(prediction):
    made = prediction(latent=[[0, 0]], facts={"generations": np.array([3])})
    assert attack(made, made) == {}


def test_a_count_that_was_not_recorded_has_no_score(prediction):
    made = prediction(latent=[[0, 0]], facts={"success": np.array([True])})
    assert set(attack(made, made)) == {"attack_success"}


def test_nobody_attacked_leaves_nan_and_the_reason(prediction):
    scores = attack(prediction(), attacked(prediction, [], []))
    assert len(scores) == 4
    assert all(math.isnan(s.value) and s.note == "no image was attacked" and s.n == 0 for s in scores.values())
