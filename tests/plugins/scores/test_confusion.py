"""What the network took each class for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astrobench_scores.confusion import confusion
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40))
@settings(max_examples=40)
def test_the_matrix_is_that_of_scikit_learn(prediction, pairs):
    labels, taken = np.array(pairs).T
    made = prediction(logits=np.eye(3)[taken], labels=labels)
    truth = metrics.confusion_matrix(labels, taken, labels=[0, 1, 2])
    scores = confusion(made, made)
    for i, true in enumerate("abc"):
        for j, other in enumerate("abc"):
            score, row = scores[f"confusion_{true}_{other}"], truth[i].sum()
            assert score.n == row
            if row:
                assert score.value == pytest.approx(truth[i, j] / row, rel=1e-15)
            else:
                assert math.isnan(score.value)
                assert score.note == "no image of this class"


def test_names_with_underscores_stay_apart(prediction):
    made = prediction(logits=np.eye(4), labels=range(4), classes=("a", "a_b", "b_c", "c"))
    assert len(confusion(made, made)) == 16


def test_an_image_without_finite_logits_is_taken_for_nothing(prediction):
    made = prediction(logits=[[np.nan, 0, 0], [1, 0, 0]], labels=[0, 0])
    scores = confusion(made, made)
    assert [scores[f"confusion_a_{other}"].value for other in "abc"] == [0.5, 0, 0]


def test_a_regression_is_not_confused(prediction):
    made = prediction(logits=[[1.0]], labels=np.ones((1, 1)), classes=(), task="regression")
    assert confusion(made, made) == {}
