"""Intervals over test objects: as SciPy draws them, as scikit-learn scores them, and as often right as they say."""

from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from astrobench import SuiteError
from astrobench_scores import resampling
from astrobench_scores.classification import classification
from astrobench_scores.resampling import spreads
from astrobench_scores.weighted import areas, class_scores, tally
from scipy import stats
from scipy.special import softmax
from sklearn import metrics


def drawn(rng: np.random.Generator, n: int, classes: int = 2, objects: int | None = None):
    """Return logits that know something, rounded so that ties occur, and labels that objects share."""
    owner = np.arange(n) if objects is None else np.arange(n) % objects
    labels = rng.integers(0, classes, n)[owner]
    shared = rng.normal(size=(n, classes))[owner]
    return (shared + 1.2 * np.eye(classes)[labels]).round(1), labels, owner


@pytest.fixture
def made(prediction):
    def of(logits, labels, owner=None, **rest):
        objects = None if owner is None else np.array([f"o{k:04}" for k in owner])
        ids = [f"i{k:04}" for k in range(len(labels))]
        return prediction(
            ids=ids, logits=logits, labels=labels, objects=objects, classes=tuple("abc"[: len(logits[0])]), **rest
        )

    return of


@pytest.mark.parametrize("classes", [2, 3])
def test_scores_of_objects_that_count_more_than_once_are_scikit_learns(made, classes):
    logits, labels, owner = drawn(np.random.default_rng(1), 90, classes, 30)
    known = tally(made(logits, labels, owner))
    times = np.random.default_rng(2).multinomial(30, np.full(30, 1 / 30), 5)
    scores = {**class_scores(known, times), "roc_auc": areas(known, times)}
    said, chance = logits.astype(np.float32).argmax(1), softmax(logits.astype(np.float32).astype(float), axis=1)
    for draw in range(5):
        weight = times[draw][owner]
        told = {"average": "weighted", "sample_weight": weight, "zero_division": 0}
        truth = {
            "accuracy": metrics.accuracy_score(labels, said, sample_weight=weight),
            "precision": metrics.precision_score(labels, said, **told),
            "recall": metrics.recall_score(labels, said, **told),
            "f1": metrics.f1_score(labels, said, **told),
            "brier": np.average(((chance - np.eye(classes)[labels]) ** 2).sum(1), weights=weight),
            "roc_auc": metrics.roc_auc_score(labels, chance[:, 1], sample_weight=weight)
            if classes == 2
            else np.mean([metrics.roc_auc_score(labels == k, chance[:, k], sample_weight=weight) for k in range(3)]),
            "precision_1": metrics.precision_score(labels == 1, said == 1, sample_weight=weight, zero_division=0),
            "recall_0": metrics.recall_score(labels == 0, said == 0, sample_weight=weight, zero_division=0),
            "f1_1": metrics.f1_score(labels == 1, said == 1, sample_weight=weight, zero_division=0),
        }
        assert {name: float(scores[name][draw]) for name in truth} == pytest.approx(truth, abs=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 40])
def test_scores_are_those_of_every_object_s_confusions_to_the_bit(prediction, classes):
    logits, labels, owner = drawn(np.random.default_rng(13), 120, classes, 40)
    said = prediction(
        ids=[f"i{k:04}" for k in range(120)], logits=logits, labels=labels, classes=tuple(map(str, range(classes))),
        objects=np.array([f"o{k:04}" for k in owner]),
    )  # fmt: skip
    confusions = np.zeros((40, classes, classes))
    np.add.at(confusions, (owner, labels, said.logits.argmax(1)), 1)
    times = np.random.default_rng(14).multinomial(40, np.full(40, 1 / 40), 7)
    counts = np.tensordot(times, confusions, axes=1)
    hits, support, taken = np.einsum("bkk->bk", counts), counts.sum(axis=2), counts.sum(axis=1)
    f1 = 2 * hits / np.maximum(support + taken, 1)
    scores = class_scores(tally(said), times)
    np.testing.assert_array_equal(scores["accuracy"], hits.sum(1) / support.sum(1))
    np.testing.assert_array_equal(
        scores["precision"], (hits / np.maximum(taken, 1) * support).sum(1) / support.sum(axis=1)
    )
    np.testing.assert_array_equal(scores["f1"], (f1 * support).sum(1) / support.sum(axis=1))
    for k in range(classes):
        np.testing.assert_array_equal(scores[f"f1_{k}"], f1[:, k])
        known = np.where(support[:, k] > 0, hits[:, k] / np.maximum(support[:, k], 1), np.nan)
        np.testing.assert_array_equal(scores[f"recall_{k}"], known)


def test_a_thousand_classes_take_no_more_than_a_few_arrays(prediction):
    """Confusions of each object would be 12 GB, and those of a few resamples one more."""
    rng, n, classes = np.random.default_rng(15), 1500, 1000
    labels = rng.integers(0, classes, n)
    said = prediction(
        ids=[f"i{k:04}" for k in range(n)], logits=rng.normal(size=(n, classes)) + 3 * np.eye(classes)[labels],
        labels=labels, classes=tuple(map(str, range(classes))),
    )  # fmt: skip
    names = {f"{score}_{k}": f"{score}_c{k}" for score in ("precision", "recall", "f1") for k in range(classes)}
    tracemalloc.start()
    try:
        found = spreads(said, {"accuracy": "accuracy", **names}, 256)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found) > 2000
    assert peak < 150e6  # probabilities, (N, K), and their terms are 12 MB each


def test_scores_are_the_same_however_many_are_held_at_a_time(made, monkeypatch):
    logits, labels, _ = drawn(np.random.default_rng(16), 60, 3)
    whole = classification(*[made(logits, labels)] * 2, bootstrap=300)
    monkeypatch.setattr(resampling, "MOST_VALUES", 700)
    assert classification(*[made(logits, labels)] * 2, bootstrap=300) == whole


def test_intervals_are_scipys_percentile_intervals(made):
    """Two bootstraps of 3000 draws: their ends differ by the Monte Carlo error, some hundredths of the width."""
    logits, labels, _ = drawn(np.random.default_rng(3), 150)
    scores = classification(*[made(logits, labels)] * 2, bootstrap=3000)
    chance = softmax(logits.astype(np.float32).astype(float), axis=1)[:, 1]

    def theirs(statistic):
        found = stats.bootstrap(
            (labels, chance), lambda y, p: statistic(y, p), paired=True, vectorized=False, method="percentile",
            n_resamples=3000, rng=np.random.default_rng(4),
        )  # fmt: skip
        return (*found.confidence_interval, found.standard_error)

    def tied(positive, negative):
        return np.mean(np.equal.outer(positive, negative)) / 2

    for name, statistic in {
        "accuracy": lambda y, p: np.mean((p > 0.5) == y),
        "roc_auc": lambda y, p: np.mean(np.subtract.outer(p[y == 1], p[y == 0]) > 0) + tied(p[y == 1], p[y == 0]),
        "recall_b": lambda y, p: np.mean(p[y == 1] > 0.5),
    }.items():
        low, high, se = theirs(statistic)
        assert scores[name].interval == pytest.approx((low, high), abs=0.06 * (high - low)), name
        assert scores[name].se == pytest.approx(se, rel=0.07), name


def test_copies_of_an_object_tell_nothing_new(made):
    """Five equal images an object: the interval is that of one image an object, to the last bit."""
    logits, labels, _ = drawn(np.random.default_rng(5), 60)
    alone = classification(*[made(logits, labels)] * 2, bootstrap=500)
    copies = made(np.repeat(logits, 5, 0), np.repeat(labels, 5), np.repeat(np.arange(60), 5))
    together = classification(*[copies] * 2, bootstrap=500)
    blind = classification(*[made(np.repeat(logits, 5, 0), np.repeat(labels, 5))] * 2, bootstrap=500)
    for name in ("accuracy", "precision", "f1_b", "roc_auc", "brier"):
        assert together[name].interval == pytest.approx(alone[name].interval, abs=1e-12)
        width, narrow = (np.ptp(scores[name].interval) for scores in (together, blind))
        assert narrow < 0.6 * width, "drawn one by one, five copies would count as five galaxies: √5 too narrow"


def test_an_interval_holds_the_truth_about_as_often_as_it_says(made):
    """300 sets of 120 objects of three images each. Percentile intervals of 120 objects hold it in 92 to 95 %."""
    rng = np.random.default_rng(6)

    def sky(objects):
        labels = np.repeat(rng.integers(0, 2, objects), 3)
        right = np.repeat(rng.random(objects) < 0.8, 3)  # the images of an object are right or wrong together
        side = np.where(right, 2 * labels - 1, 1 - 2 * labels) * rng.uniform(0.5, 2, 3 * objects)
        return np.stack([-side, side], 1), labels, np.repeat(np.arange(objects), 3)

    truth = {name: score.value for name, score in classification(*[made(*sky(40_000))] * 2).items()}
    truth |= {"accuracy": 0.8, "recall_b": 0.8}
    sets = [classification(*[made(*sky(120))] * 2, bootstrap=120) for _ in range(300)]
    for name in ("accuracy", "recall_b", "roc_auc", "brier"):
        held = np.mean([low <= truth[name] <= high for low, high in (scores[name].interval for scores in sets)])
        assert 0.89 < held < 0.98, name  # 2.5 standard errors (1.3 points) about 92 … 95


def test_methods_meet_the_same_draws(made):
    """A network that is right where another is wrong has the mirrored interval."""
    logits, labels, _ = drawn(np.random.default_rng(7), 50)
    ours, theirs = (classification(*[made(sign * logits, labels)] * 2, bootstrap=300) for sign in (1, -1))
    low, high = theirs["roc_auc"].interval
    assert ours["roc_auc"].interval == pytest.approx((1 - high, 1 - low), abs=1e-12)


def test_the_order_of_the_images_changes_no_bit(made):
    logits, labels, owner = drawn(np.random.default_rng(8), 40, 3, 10)
    whole = made(logits, labels, owner)
    order = np.random.default_rng(9).permutation(40)
    mixed = made(logits[order], labels[order], owner[order])
    mixed.ids[:] = whole.ids[order]
    assert repr(classification(whole, whole, bootstrap=150)) == repr(classification(mixed, mixed, bootstrap=150))


def test_without_the_bootstrap_there_is_no_interval(made):
    logits, labels, _ = drawn(np.random.default_rng(10), 20)
    assert all(score.interval is None for score in classification(*[made(logits, labels)] * 2).values())


def test_a_score_that_mostly_does_not_exist_has_no_interval(made):
    """One image of class c among 60: a third of the draws miss it, and half of them are too few for two."""
    logits, labels, _ = drawn(np.random.default_rng(11), 60, 3)
    labels = np.where(labels == 2, 0, labels)
    scores = classification(*[made(logits, labels)] * 2, bootstrap=200)
    assert math.isnan(scores["recall_c"].value)
    assert scores["recall_c"].interval is None
    labels[7] = 2
    assert classification(*[made(logits, labels)] * 2, bootstrap=200)["recall_c"].interval is not None


@pytest.mark.parametrize("resamples", [-1, 1, 99, 100_001])
def test_a_bad_number_of_resamples_is_refused(made, resamples):
    with pytest.raises(SuiteError, match=f"bootstrap is {resamples}: expected 0 or 100 to 100000 resamples"):
        classification(*[made([[1.0, 0.0]], [0])] * 2, bootstrap=resamples)
