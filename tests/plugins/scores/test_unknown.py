"""What the network refuses to name."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astrobench import SuiteError
from astrobench_scores.unknown import entropy_of, unknown
from scipy.special import softmax
from scipy.stats import entropy, hmean

SURE, TORN = [9.0, 0.0, 0.0], [0.0, 0.0, 0.0]


def test_entropy_is_scipys():
    logits = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    np.testing.assert_allclose(entropy_of(logits), entropy(softmax(logits.astype(float), axis=1), axis=1), rtol=1e-12)


def test_an_image_is_refused_where_its_entropy_is_above_half_of_the_highest(prediction):
    made = prediction(logits=[SURE, TORN, [2.5, 0.0, 0.0], [2.2, 0.0, 0.0]])  # ln(3)/2 = 0.549
    assert unknown(made, made)["unknown"].value == 0.5
    assert entropy_of(made.logits)[2:] == pytest.approx([0.5046, 0.5993], abs=1e-4)


def test_an_image_without_finite_logits_is_refused(prediction):
    made = prediction(logits=[SURE, [math.nan, 0.0, 0.0]])
    assert unknown(made, made)["unknown"].value == 0.5


def test_the_unknown_class_is_found_and_the_others_are_right(prediction):
    logits = [SURE, SURE, TORN, [0.0, 9.0, 0.0], TORN, TORN, SURE, TORN]
    made = prediction(logits=logits, labels=[0, 1, 0, 1, 2, 2, 2, 2])
    scores = unknown(made, made, of="c")
    assert scores["unknown_found"].value == 0.75
    assert scores["known_right"].value == 0.5  # one is wrong, one is refused
    assert scores["open_set"].value == pytest.approx(hmean([0.75, 0.5]))
    assert scores["unknown"].value == 0.5


def test_a_test_set_without_the_unknown_class_has_no_score_of_it(prediction):
    made = prediction(logits=[SURE], labels=[0])
    scores = unknown(made, made, of="c")
    assert math.isnan(scores["unknown_found"].value)
    assert math.isnan(scores["open_set"].value)
    assert scores["known_right"].value == 1


def test_nothing_found_and_nothing_right_is_nought(prediction):
    made = prediction(logits=[SURE, SURE], labels=[1, 2])
    assert unknown(made, made, of="c")["open_set"].value == 0


def test_a_class_that_is_not_there_is_refused(prediction):
    made = prediction(logits=[SURE])
    with pytest.raises(SuiteError, match=r"unknown has no class of = 'd'.* known: a, b, c"):
        unknown(made, made, of="d")


def test_a_regression_refuses_nothing(prediction):
    made = prediction(logits=[[1.0]], labels=np.ones((1, 1)), classes=(), task="regression")
    assert unknown(made, made) == {}
