"""How alike layers are, on one domain and beside another."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from astrobench import SuiteError
from astrobench.similarity import minibatch_cka
from astrobench_scores.cka_layers import cka_layers
from astrobench_scores.principal import without_first_component

LAYERS = ("conv1", "conv2", "conv3", "head")
OWN = {"cka_offdiag", "cka_early_late", "cka_effrank"}
BESIDE = {"cka_collapse", "cka_early_late_delta", "cka_structure", "cka_collapse_without_pc1"}
N, BATCHES = 40, 2


def drifting(seed, step, size=N * BATCHES, layers=4):
    """Return features (L, N, p) that lose what they had by `step` from layer to layer."""
    rng = np.random.default_rng(seed)
    found = [rng.normal(size=(size, 6))]
    for _ in range(layers - 1):
        found.append(found[-1] + step * rng.normal(size=(size, 6)))
    return np.stack(found)


@pytest.fixture
def told(prediction):
    def make(features, n=N, layers=LAYERS, **rest):
        cut = features.reshape(len(features), -1, n, features.shape[2])
        cut = cut - cut.mean(axis=2, keepdims=True)
        count = features.shape[1]
        return prediction(
            latent=np.zeros((count, 2)), grams=cut @ cut.transpose(0, 1, 3, 2), layers=layers[: len(features)], **rest
        )

    return make


def test_layers_that_grow_alike_are_a_collapse(told):
    clean, failing, robust = told(drifting(0, 1.5)), told(drifting(1, 0.1)), told(drifting(2, 1.5))
    bad, good = cka_layers(clean, failing), cka_layers(clean, robust)
    assert bad["cka_collapse"].value > 0.3
    assert bad["cka_collapse"].note == ""
    assert bad["cka_early_late_delta"].value > 0.3
    assert bad["cka_structure"].value < 0.7
    assert bad["cka_effrank"].value < 1.3 < good["cka_effrank"].value
    assert abs(good["cka_collapse"].value) < 2 * good["cka_collapse"].se
    assert good["cka_collapse"].note == "within two standard errors of 0"
    assert good["cka_structure"].value > 0.9


def test_every_score_is_one_of_the_two_matrices(told):
    clean, other = told(drifting(0, 1.0)), told(drifting(1, 0.3))
    scores = cka_layers(clean, other, bootstrap=0)
    before, after = minibatch_cka(clean.grams), minibatch_cka(other.grams)
    pairs = np.triu_indices(4, 1)
    assert scores["cka_offdiag"].value == pytest.approx(after[pairs].mean())
    assert scores["cka_collapse"].value == pytest.approx(after[pairs].mean() - before[pairs].mean())
    assert scores["cka_early_late"].value == pytest.approx(after[:2, 2:].mean())
    assert scores["cka_early_late_delta"].value == pytest.approx(after[:2, 2:].mean() - before[:2, 2:].mean())
    assert scores["cka_structure"].value == pytest.approx(1 - np.abs(after - before)[pairs].mean())
    assert {name: score.se for name, score in scores.items()} == dict.fromkeys(OWN | BESIDE)
    assert {name: score.better for name, score in scores.items()} == {
        **dict.fromkeys(OWN), "cka_collapse": "lower", "cka_early_late_delta": "lower", "cka_structure": "higher",
        "cka_collapse_without_pc1": "lower",
    }  # fmt: skip
    assert {score.n for score in scores.values()} == {N * BATCHES}


def test_the_clean_images_alone_have_their_own_matrix_only(told):
    clean = told(drifting(0, 1.0))
    assert cka_layers(clean, clean).keys() == OWN


def test_images_need_no_partner_and_no_equal_number(told, prediction):
    clean = told(drifting(0, 1.0))
    other = told(drifting(1, 0.3, size=30), n=15, ids=[f"other {k}" for k in range(30)])
    assert cka_layers(clean, other).keys() == OWN | BESIDE


def test_a_few_far_images_fake_a_collapse_that_ends_without_their_component(told):
    clean = told(drifting(0, 1.5))
    features = drifting(2, 1.5)
    features[:, [0, N]] += 60 * np.array([1.0, 0, 0, 0, 0, 0])
    features[:, [1, N + 1]] -= 60 * np.array([1.0, 0, 0, 0, 0, 0])
    scores = cka_layers(clean, told(features))
    assert scores["cka_collapse"].value > 0.3
    assert abs(scores["cka_collapse_without_pc1"].value) < 0.2


def test_without_its_first_component_a_matrix_is_that_of_the_other_components():
    X = np.random.default_rng(0).normal(size=(20, 5)) * [9, 3, 2, 1, 1]
    X -= X.mean(axis=0)
    u, s, vt = np.linalg.svd(X, full_matrices=False)
    rest = u[:, 1:] * s[1:] @ vt[1:]
    grams = np.stack([X @ X.T, 2 * X @ X.T])
    for order in ("C", "F"):
        found = without_first_component(np.array(grams, order=order))
        assert found == pytest.approx(np.stack([rest @ rest.T, 2 * rest @ rest.T]), abs=1e-9)


def test_maps_of_one_simulation_make_larger_errors_than_as_many_galaxies(told):
    clean, other = drifting(0, 1.0), drifting(1, 0.5)
    for features in (clean, other):
        features[:] = np.repeat(features[:, ::10], 10, axis=1) + 0.1 * features
    alone = cka_layers(told(clean), told(other))
    sims = np.repeat([f"s{k}" for k in range(8)], 10)
    together = cka_layers(told(clean, objects=sims), told(other, objects=sims))
    assert together["cka_collapse"].value == alone["cka_collapse"].value
    assert together["cka_collapse"].se > 1.5 * alone["cka_collapse"].se


def test_domains_of_the_same_objects_are_drawn_together_so_their_difference_is_surer(told):
    features = drifting(0, 1.0)
    clean, twin = told(features), told(features + 0.05 * drifting(1, 1.0))
    apart = dataclasses.replace(twin, ids=np.array([f"other {k}" for k in range(N * BATCHES)]))
    assert cka_layers(clean, twin)["cka_collapse"].se < 0.5 * cka_layers(clean, apart)["cka_collapse"].se


@pytest.mark.parametrize("value", [0.0, 3.0, np.inf])
def test_a_constant_layer_is_named_and_nothing_is_made_up(told, value):
    features = drifting(1, 0.5)
    broken = told(features)
    gram = np.full((BATCHES, N, N), value)
    broken = dataclasses.replace(broken, grams=np.stack([*broken.grams[:2], gram, broken.grams[3]]))
    for pair in ((told(features), broken), (broken, told(features))):
        scores = cka_layers(*pair)
        assert scores.keys() == OWN | BESIDE
        assert all(math.isnan(s.value) and s.note == "constant or not finite: conv3" for s in scores.values())


def test_what_cannot_be_compared_says_why(told, prediction):
    one = told(drifting(0, 1.0, layers=1))
    assert cka_layers(one, one)["cka_offdiag"].note == "1 layer: there is no other to compare it with"
    few = prediction(latent=np.zeros((3, 2)), layers=LAYERS)
    assert cka_layers(few, few)["cka_effrank"].note == "a batch holds 3 images: at least 4 are needed"
    short = told(drifting(0, 1.0, size=6), n=3)
    assert cka_layers(short, short)["cka_offdiag"].note == "a batch holds 3 images: at least 4 are needed"


def test_nothing_is_said_where_cka_was_not_asked_for(told, prediction):
    bare = prediction(latent=np.zeros((9, 2)), layers=LAYERS)
    assert cka_layers(told(drifting(0, 1.0)), bare) == {}
    assert cka_layers(bare, told(drifting(0, 1.0))).keys() == OWN


def test_the_order_within_batches_and_of_resamples_changes_nothing(told):
    clean, other = told(drifting(0, 1.0)), told(drifting(1, 0.5))
    order = np.random.default_rng(0).permutation(N)
    grams = other.grams[:, :, order][:, :, :, order]
    rows = np.arange(N * BATCHES).reshape(BATCHES, N)[:, order]
    moved = dataclasses.replace(other, grams=grams, gram_rows=rows)
    first, second = cka_layers(clean, other), cka_layers(clean, moved)
    assert first == cka_layers(clean, other)
    for name, score in first.items():
        assert second[name].value == pytest.approx(score.value, abs=1e-12)
        assert second[name].se == (None if score.se is None else pytest.approx(score.se, abs=1e-9))


def test_a_wrong_number_of_resamples_is_refused(told):
    with pytest.raises(SuiteError, match="bootstrap is 7: expected 0 or 100 to 100000 resamples"):
        cka_layers(told(drifting(0, 1.0)), told(drifting(1, 1.0)), bootstrap=7)
