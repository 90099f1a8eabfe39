"""Whether a network represents an image and its perturbed twin alike."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from astrobench.similarity import hsic1
from astrobench_scores.cka import cka

LAYERS = ("conv1", "layer1.0", "layer2.0", "head")
N, BATCHES = 32, 3


def with_grams(prediction, features, ids=None, layers=LAYERS, n=N):
    """Return a prediction of features float (L, N, p), with a few more images than fill its batches."""
    batches = features.shape[1] // n
    cut = features[:, : batches * n].reshape(len(features), batches, n, features.shape[2])
    cut = cut - cut.mean(axis=2, keepdims=True)
    count = features.shape[1]
    names = [f"g{k:04}" for k in range(count)] if ids is None else ids
    grams = cut @ cut.transpose(0, 1, 3, 2)
    return prediction(ids=names, latent=np.zeros((count, 2)), grams=grams, layers=layers)


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(4, N * BATCHES + 5, 6))


@pytest.fixture
def noisier(features):
    """Return twins that move away from layer to layer."""
    noise = np.random.default_rng(1).normal(size=features.shape)
    return features + noise * np.array([0.1, 0.5, 1.0, 2.0])[:, None, None]


def test_each_layer_is_compared_with_itself(prediction, features, noisier):
    clean, twin = with_grams(prediction, features), with_grams(prediction, noisier)
    scores = cka(clean, twin)
    for layer, name in enumerate(("cka_conv1", "cka_layer1-0", "cka_layer2-0", "cka_head")):
        pairs = list(zip(clean.grams[layer], twin.grams[layer], strict=True))
        own = math.prod(sum(hsic1(pair[side], pair[side]) for pair in pairs) for side in (0, 1))
        assert scores[name].value == pytest.approx(sum(hsic1(*pair) for pair in pairs) / math.sqrt(own), abs=1e-12)
        assert (scores[name].n, scores[name].better) == (N * BATCHES, "higher")


def test_the_summaries_are_means_over_all_layers_and_over_the_last_third(prediction, features, noisier):
    scores = cka(with_grams(prediction, features), with_grams(prediction, noisier))
    layers = [scores[f"cka_{name}"].value for name in ("conv1", "layer1-0", "layer2-0", "head")]
    assert layers == sorted(layers, reverse=True)
    assert scores["cka_diag"].value == pytest.approx(np.mean(layers))
    assert scores["cka_diag_deep"].value == pytest.approx(np.mean(layers[-2:]))


def test_twins_that_changed_nothing_score_one(prediction, features):
    scores = cka(with_grams(prediction, features), with_grams(prediction, features))
    assert scores["cka_diag"].value == pytest.approx(1, abs=1e-12)


def test_unpaired_rows_score_nothing_and_so_does_the_null(prediction, features, noisier):
    order = np.random.default_rng(2).permutation(features.shape[1])
    scores = cka(with_grams(prediction, features), with_grams(prediction, noisier[:, order]))
    assert abs(scores["cka_diag"].value) < 5 / N
    paired = cka(with_grams(prediction, features), with_grams(prediction, noisier))
    assert abs(paired["cka_null"].value) < 5 / N
    assert (paired["cka_null"].note, paired["cka_null"].better) == ("", None)


def test_the_null_is_the_same_every_time(prediction, features, noisier):
    pair = with_grams(prediction, features), with_grams(prediction, noisier)
    assert cka(*pair) == cka(*pair)


def test_a_null_beyond_its_bound_warns(prediction):
    """One feature of 16 images: its null is about r² − 1/16, beyond 5/16 once in 70 times."""
    beyond = []
    for seed in range(300):
        twins = np.random.default_rng(seed).normal(size=(2, 1, 16, 1))
        null = cka(*(with_grams(prediction, x, layers=("conv",), n=16) for x in twins))["cka_null"]
        beyond.append(abs(null.value) > 5 / 16)
        assert null.note == ("beyond 0.312, the noise expected of unpaired images" if beyond[-1] else "")
    assert any(beyond)


def test_images_in_another_order_within_their_batch_are_matched_by_id(prediction, features, noisier):
    rng = np.random.default_rng(3)
    order = np.concatenate([start + rng.permutation(N) for start in range(0, N * BATCHES, N)])
    order = np.concatenate([order, np.arange(N * BATCHES, features.shape[1])])
    clean, twin = with_grams(prediction, features), with_grams(prediction, noisier)
    moved = with_grams(prediction, noisier[:, order], ids=twin.ids[order])
    one, other = cka(clean, twin), cka(clean, moved)
    assert {name: s.value for name, s in other.items()} == pytest.approx({name: s.value for name, s in one.items()})


def test_other_images_are_refused_and_not_compared(prediction, features, noisier):
    clean, twin = with_grams(prediction, features), with_grams(prediction, noisier)
    assert cka(clean, dataclasses.replace(twin, ids=np.roll(twin.ids, 1))) == {}
    subset = with_grams(prediction, noisier[:, :N], ids=twin.ids[:N])
    assert cka(clean, subset) == {}


def test_no_score_without_gram_matrices_or_against_itself(prediction, features, noisier):
    clean, twin = with_grams(prediction, features), with_grams(prediction, noisier)
    bare = dataclasses.replace(clean, grams=None, layers=())
    assert cka(clean, clean) == cka(bare, twin) == cka(clean, bare) == {}


def test_a_constant_layer_is_nan_and_flagged_in_the_means_over_it(prediction, features, noisier):
    noisier[1] = 7.0
    scores = cka(with_grams(prediction, features), with_grams(prediction, noisier))
    for name in ("cka_layer1-0", "cka_diag", "cka_null"):
        assert math.isnan(scores[name].value)
        assert scores[name].note == "constant or not finite: layer1.0"
    assert scores["cka_diag_deep"].value == pytest.approx((scores["cka_layer2-0"].value + scores["cka_head"].value) / 2)


@pytest.mark.parametrize(
    ("images", "n", "note"), [(9, 3, "a batch holds 3 images: at least 4 are needed"), (5, 8, "no batch of images")]
)
def test_too_few_images_leave_nan_and_the_reason(prediction, features, images, n, note):
    made = [with_grams(prediction, features[:, :images], n=n) for _ in range(2)]
    scores = cka(*made)
    assert len(scores) == len(LAYERS) + 4
    assert all(math.isnan(score.value) and score.note == note for score in scores.values())


def test_a_layer_called_like_a_summary_keeps_its_own_column(prediction, features, noisier):
    layers = ("diag", "null", "conv", "head")
    scores = cka(with_grams(prediction, features, layers=layers), with_grams(prediction, noisier, layers=layers))
    assert len(scores) == 8
