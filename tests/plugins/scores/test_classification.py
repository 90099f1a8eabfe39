"""Was the network right, and did it know? Held against scikit-learn."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from astrobench import SuiteError
from astrobench_scores.calibration import expected_calibration_error
from astrobench_scores.classification import classification
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn import metrics

TIGHT = {"rel": 1e-12, "abs": 1e-12}
few = settings(max_examples=40)  # scikit-learn takes its time


@st.composite
def labelled_logits(draw, least=1):
    """Draw logits with many ties and labels that may miss a class."""
    outputs, n = draw(st.integers(2, 5)), draw(st.integers(least, 25))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    logits = rng.integers(-4, 5, (n, outputs)) * draw(st.sampled_from([1.0, 0.37]))
    return logits.astype(np.float32), rng.integers(0, outputs, n)


def scores_of(prediction, logits, labels, **options):
    made = prediction(logits=logits, labels=labels, classes=tuple("abcdefgh"[: np.shape(logits)[1]]))
    return classification(made, made, **options)


@given(labelled_logits())
@few
def test_class_scores_are_those_of_scikit_learn(prediction, drawn):
    logits, labels = drawn
    scores, taken = scores_of(prediction, *drawn), logits.argmax(axis=1)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        labels, taken, average="weighted", zero_division=0
    )
    assert scores["accuracy"].value == pytest.approx(metrics.accuracy_score(labels, taken), **TIGHT)
    assert scores["precision"].value == pytest.approx(precision, **TIGHT)
    assert scores["recall"].value == pytest.approx(recall, **TIGHT)
    assert scores["f1"].value == pytest.approx(f1, **TIGHT)


@given(labelled_logits())
@few
def test_recall_of_each_class_is_that_of_scikit_learn(prediction, drawn):
    logits, labels = drawn
    scores = scores_of(prediction, *drawn)
    for k in range(logits.shape[1]):
        score = scores[f"recall_{'abcdefgh'[k]}"]
        assert score.n == (labels == k).sum()
        if score.n == 0:
            assert math.isnan(score.value)
            assert score.note == "no image of this class"
        else:
            truth = metrics.recall_score(labels == k, logits.argmax(axis=1) == k)
            assert score.value == pytest.approx(truth, **TIGHT)


@given(labelled_logits(least=8))
@few
def test_probability_scores_are_those_of_scikit_learn(prediction, drawn):
    logits, labels = drawn
    scores, p = scores_of(prediction, *drawn), softmax(logits.astype(float), axis=1)
    known = list(range(logits.shape[1]))
    brier = metrics.brier_score_loss(labels, p, labels=known, scale_by_half=False)
    assert scores["brier"].value == pytest.approx(brier, **TIGHT)
    assert scores["nll"].value == pytest.approx(metrics.log_loss(labels, p, labels=known), rel=1e-9)


@given(labelled_logits(least=8))
@few
def test_the_area_under_the_curve_is_that_of_scikit_learn(prediction, drawn):
    logits, labels = drawn
    score, p = scores_of(prediction, *drawn)["roc_auc"], softmax(logits.astype(float), axis=1)
    present = np.unique(labels)
    if len(present) == 1:
        assert math.isnan(score.value)
        assert score.note == "all images are of one class"
    elif p.shape[1] == 2:
        assert score.value == pytest.approx(metrics.roc_auc_score(labels, p[:, 1]), **TIGHT)
    elif len(present) == p.shape[1]:
        assert score.value == pytest.approx(metrics.roc_auc_score(labels, p, multi_class="ovr"), **TIGHT)
    else:
        one_by_one = [metrics.roc_auc_score(labels == k, p[:, k]) for k in present]
        assert score.value == pytest.approx(np.mean(one_by_one), **TIGHT)
        assert "have no image" in score.note


def test_of_two_classes_the_second_is_ranked_even_where_probabilities_saturate(prediction):
    logits, labels = np.array([[0, 50], [0, 60], [9, 0], [8, 0]], np.float32), [0, 1, 0, 1]
    truth = metrics.roc_auc_score(labels, softmax(logits.astype(float), axis=1)[:, 1])
    assert scores_of(prediction, logits, labels)["roc_auc"].value == truth == 0.625


def test_calibration_error_of_an_example_by_hand():
    """Five bins: (0.4, 0.6] holds 0.5 right and 0.6 wrong, gap |1 − 1.1|; (0.8, 1] holds 0.9 right and 1 right,
    gap |2 − 1.9|; (0.6, 0.8] holds 0.8 wrong, gap 0.8. ECE = (0.1 + 0.1 + 0.8)/5.
    """
    confidence, correct = np.array([0.5, 0.6, 0.9, 1.0, 0.8]), np.array([True, False, True, True, False])
    assert expected_calibration_error(confidence, correct, 5) == pytest.approx(0.2, abs=1e-15)


@given(labelled_logits(), st.integers(1, 30))
def test_calibration_error_is_that_of_a_plain_loop(prediction, drawn, bins):
    logits, labels = drawn
    p = softmax(logits.astype(float), axis=1)
    total = 0.0
    for b in range(bins):
        inside = [i for i in range(len(p)) if b / bins < max(p[i]) <= (b + 1) / bins]
        if inside:
            right = sum(int(np.argmax(logits[i]) == labels[i]) for i in inside) / len(inside)
            sure = sum(max(p[i]) for i in inside) / len(inside)
            total += len(inside) / len(p) * abs(right - sure)
    assert scores_of(prediction, *drawn, bins=bins)["ece"].value == pytest.approx(total, abs=1e-12)


def test_calibration_bins_are_recorded(prediction):
    assert "7 equal bins" in scores_of(prediction, [[1.0, 0.0]], [0], bins=7)["ece"].note


@given(labelled_logits(least=2), st.randoms(use_true_random=False))
@few
def test_the_order_of_the_images_changes_no_bit(prediction, drawn, random):
    logits, labels = drawn
    made = prediction(logits=logits, labels=labels, classes=tuple("abcde"[: logits.shape[1]]))
    order = random.sample(range(len(labels)), len(labels))
    other = dataclasses.replace(made, ids=made.ids[order], logits=logits[order], labels=labels[order])
    assert repr(classification(made, made)) == repr(classification(other, other))


def test_accuracy_has_its_binomial_error(prediction):
    accuracy = scores_of(prediction, [[1, 0], [1, 0], [1, 0], [0, 1]], [0, 0, 0, 0])["accuracy"]
    assert (accuracy.value, accuracy.se, accuracy.n) == (0.75, math.sqrt(0.75 * 0.25 / 4), 4)


def test_the_perturbed_images_are_scored(prediction):
    right, wrong = prediction(logits=[[1, 0, 0]], labels=[0]), prediction(logits=[[0, 1, 0]], labels=[0])
    assert classification(right, wrong)["accuracy"].value == 0


def test_scores_of_an_attack_say_whom_they_cover(prediction):
    made = prediction(logits=[[1, 0, 0]], labels=[0], facts={"success": np.array([False])})
    assert classification(made, made)["accuracy"].note == "attacked images only"


def test_every_score_says_which_end_is_better(prediction):
    scores = scores_of(prediction, [[1.0, 0.0]], [0])
    lower = {name for name, score in scores.items() if score.better == "lower"}
    assert lower == {"brier", "nll", "ece"}
    assert all(score.better for score in scores.values())


@pytest.mark.parametrize(
    ("logits", "note"),
    [
        (np.zeros((0, 3)), "no images"),
        ([[0, np.nan, 0], [1, 2, 3]], "1 of 2 images have logits that are not finite"),
    ],
)
def test_without_finite_logits_every_score_is_nan_with_the_reason(prediction, logits, note):
    whole = scores_of(prediction, [[1.0, 0.0, 0.0]], [0])
    scores = scores_of(prediction, logits, np.zeros(len(logits), int))
    assert scores.keys() == whole.keys()
    assert all(math.isnan(score.value) and score.note == note for score in scores.values())
    assert {name: score.better for name, score in scores.items()} == {name: s.better for name, s in whole.items()}


def test_huge_logits_keep_their_loss(prediction):
    assert scores_of(prediction, [[2000.0, 0.0]], [1])["nll"].value == 2000


def test_a_regression_has_no_classes(prediction):
    made = prediction(logits=[[1.0]], labels=np.ones((1, 1), np.float32), classes=(), task="regression")
    assert classification(made, made) == {}


@pytest.mark.parametrize("bins", [0, -3, 10_001])
def test_a_bad_number_of_bins_is_refused_in_every_cell(prediction, bins):
    made = prediction(logits=[[1.0]], classes=(), task="regression")
    with pytest.raises(SuiteError, match=f"bins is {bins}: expected 1 to 10000"):
        classification(made, made, bins=bins)


def test_a_standard_error_counts_images_of_one_object_as_one_draw(prediction):
    rng = np.random.default_rng(3)
    logits, labels = rng.normal(size=(60, 3)), rng.integers(0, 3, 60)
    alone = prediction(logits=logits, labels=labels)
    four = prediction(logits=logits.repeat(4, axis=0), labels=labels.repeat(4), ids=alone.ids.repeat(4))
    grouped = dataclasses.replace(four, ids=np.arange(240).astype(str), objects=alone.ids.repeat(4))
    once, *several = (classification(one, one) for one in (alone, four, grouped))
    for found in several:
        for name in ("accuracy", "recall", "brier", "nll", "recall_a", "recall_b", "recall_c"):
            assert found[name].value == pytest.approx(once[name].value, rel=1e-12)
            assert found[name].se == pytest.approx(once[name].se, rel=1e-9)
        assert (found["accuracy"].n, once["accuracy"].n) == (240, 60)
    one_galaxy = classification(*[dataclasses.replace(four, ids=np.array(["a"] * 240))] * 2)
    assert one_galaxy["accuracy"].se is None
