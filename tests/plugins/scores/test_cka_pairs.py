"""CKA between partners: the same object, or another one of the same labels."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from astrobench import DataError, SuiteError
from astrobench_scores.cka import cka
from astrobench_scores.cka_batches import batches_of
from astrobench_scores.cka_pairs import comparable, same_labels

LAYERS = ("conv", "deep", "head")
SIMS, MAPS, N = 32, 4, 32
TARGETS = ("Omega_m", "sigma_8")


@pytest.fixture
def maps(prediction):
    """Return a maker of predictions of maps whose features follow their labels more, and chance less, by layer."""

    def make(seed, *, domain="A", follows=(0.2, 1.0, 3.0), labels=None, **rest):
        rng = np.random.default_rng(seed)
        theta = np.random.default_rng(99).uniform(size=(SIMS, 2)) if labels is None else labels
        theta = np.repeat(theta, MAPS, axis=0)
        sims = np.repeat([f"{domain}/{k:02}" for k in range(SIMS)], MAPS)
        ids = np.array([f"{sim}/{k % MAPS}" for k, sim in enumerate(sims)])
        known = np.column_stack([theta, theta**2, np.sin(3 * theta)])
        features = np.stack([follow * known + 0.5 * rng.normal(size=known.shape) for follow in follows])
        rows = np.random.default_rng(5).permutation(SIMS * MAPS).reshape(-1, N)
        cut = features[:, rows] - features[:, rows].mean(axis=2, keepdims=True)
        physical = theta * [0.4, 0.4] + [0.1, 0.6]
        return prediction(
            ids=ids, latent=np.zeros((len(ids), 2)), labels=physical.astype(np.float32), classes=TARGETS,
            task="regression", grams=cut @ cut.transpose(0, 1, 3, 2), layers=LAYERS, objects=sims, gram_rows=rows,
            ranges=((0.1, 0.5), (0.6, 1.0)), **rest,
        )  # fmt: skip

    return make


def test_label_pairs_are_nearest_of_another_object_each_once(maps):
    one, other = maps(0), maps(1, domain="B")
    left, right = batches_of(one), batches_of(other)
    pairs = same_labels(left, right, *comparable(one, other, ()))
    theta = np.random.default_rng(99).uniform(size=(SIMS, 2))
    number = {sim: k for k, sim in enumerate(np.unique(one.objects))}
    found = np.array([[number[sim] for sim in batch] for batch in pairs.left.objects])
    partner = np.array([[number[sim.replace("B", "A")] for sim in batch] for batch in pairs.right.objects])
    apart = np.linalg.norm(theta[found] - theta[partner], axis=-1)
    assert pairs.distance == pytest.approx(np.median(apart), abs=1e-6)
    assert pairs.distance < 0.2
    for batch in range(len(left.rows)):
        assert sorted(pairs.right.rows[batch]) == sorted(right.rows[(batch + 1) % len(right.rows)])


def test_a_set_paired_with_itself_never_meets_its_own_object(maps):
    one = maps(0)
    both = batches_of(one)
    pairs = same_labels(both, both, *comparable(one, one, ()))
    assert not (pairs.left.objects == pairs.right.objects).any()
    assert pairs.fault == ""


def test_labels_are_fractions_of_their_ranges_and_unknown_ones_are_left_out(maps):
    one, other = maps(0), maps(1)
    labels = other.labels.copy()
    labels[3, 1] = np.nan
    first, second = comparable(one, dataclasses.replace(other, labels=labels), ())
    assert first.shape == second.shape == (SIMS * MAPS, 1)
    assert first[:, 0] == pytest.approx((one.labels[:, 0] - 0.1) / 0.4, abs=1e-6)
    assert comparable(one, other, ("sigma_8",))[0][:, 0] == pytest.approx((one.labels[:, 1] - 0.6) / 0.4, abs=1e-6)


def test_classes_are_one_step_apart(prediction):
    one = prediction(labels=[0, 1, 2, 0])
    apart = np.linalg.norm(comparable(one, one, ())[0][:, None] - comparable(one, one, ())[1][None], axis=-1)
    assert apart[0] == pytest.approx([0, np.sqrt(2), np.sqrt(2), 0])


def test_a_network_that_follows_the_labels_reaches_its_ceiling_on_unpaired_data(maps):
    """Early layers hold mostly chance and deep ones the labels; the ceiling knows, so the fraction is 1."""
    scores = cka(maps(0), maps(1, domain="B"), pairing="label")
    assert scores["cka_conv"].value < 0.15 < 0.3 < scores["cka_head"].value
    assert scores["cka_diag_norm"].value == pytest.approx(1, abs=0.2)
    assert scores["cka_diag_norm"].value == pytest.approx(scores["cka_diag"].value / scores["cka_ceiling"].value)
    assert (scores["cka_ceiling"].better, scores["cka_diag_norm"].better) == (None, "higher")
    assert scores["cka_diag"].note == "partners' labels are 0.12 apart (median)"
    lost = cka(maps(0), maps(1, domain="B", follows=(0.0, 0.1, 0.3)), pairing="label")
    assert lost["cka_diag_norm"].value < 0.5
    assert lost["cka_ceiling"] == scores["cka_ceiling"]


def test_labels_that_are_shuffled_leave_nothing(maps):
    wrong = np.random.default_rng(98).uniform(size=(SIMS, 2))
    other = maps(1, domain="B", labels=wrong)
    other = dataclasses.replace(other, labels=maps(0).labels)
    assert abs(cka(maps(0), other, pairing="label")["cka_diag"].value) < 5 / N


def test_exact_pairs_have_a_ceiling_of_one(maps):
    scores = cka(maps(0), maps(1), pairing="exact")
    assert scores["cka_diag_norm"].value == scores["cka_diag"].value
    assert "cka_ceiling" not in scores
    assert scores == cka(maps(0), maps(1))


def test_errors_come_from_drawing_simulations_anew(maps):
    pair = maps(0), maps(1)
    sure, plain = cka(*pair, bootstrap=200), cka(*pair)
    assert {name: score.value for name, score in sure.items()} == {name: score.value for name, score in plain.items()}
    assert all(score.se is None for score in plain.values())
    assert 0 < sure["cka_head"].se < sure["cka_conv"].se < 0.3
    assert sure["cka_null"].se is None
    assert 0 < cka(*pair, pairing="label", bootstrap=200)["cka_diag_norm"].se < 0.3


def test_exact_pairs_of_unpaired_images_are_refused_in_one_line(maps):
    told = (
        r"^cka: pairing = 'exact' was asked of images that are not paired: image 'A/00/0' has no partner of the same id"
    )
    with pytest.raises(DataError, match=told + r"; allowed here: 'label', 'none'$"):
        cka(maps(0), maps(1, domain="B"), pairing="exact")
    other = maps(1)
    with pytest.raises(DataError, match="batches hold different images"):
        cka(maps(0), dataclasses.replace(other, ids=np.roll(other.ids, 1)), pairing="exact")


def test_by_default_and_by_wish_nothing_is_said_of_unpaired_images(maps):
    assert cka(maps(0), maps(1, domain="B")) == {}
    assert cka(maps(0), maps(1), pairing="none") == {}


def test_a_target_that_there_is_not_is_told_with_the_nearest(maps):
    with pytest.raises(SuiteError, match="there is no target 'sigma8'; did you mean 'sigma_8'"):
        cka(maps(0), maps(1), pairing="label", targets=("sigma8",))
    assert cka(maps(0), maps(1), pairing="label", targets=("Omega_m",))


def test_what_leaves_no_label_pairs_is_flagged(maps):
    def noted(change):
        scores = cka(change(maps(0)), change(maps(1, domain="B")), pairing="label")
        assert len(scores) == len(LAYERS) + 5
        assert all(math.isnan(score.value) for score in scores.values())
        return {score.note for score in scores.values()}

    def one_batch(told):
        return dataclasses.replace(told, grams=told.grams[:, :1], gram_rows=told.gram_rows[:1])

    def one_object(told):
        return dataclasses.replace(told, objects=np.full(len(told.ids), "all"))

    assert noted(one_batch) == {"one batch: there is no independent draw to pair it with"}
    assert noted(one_object) == {"too few objects to pair by label"}
