"""Debiased minibatch linear CKA, against explicit sums and closed forms."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from astrobench import DataError
from astrobench.similarity import hsic1, minibatch_cka, u_center
from hypothesis import given
from hypothesis import strategies as st

seeds = st.integers(0, 2**32 - 1)


def grams_of(*features, batch=None):
    """Return float64 (L, nb, n, n) of feature matrices (N, p), cut into batches of n rows."""
    n = batch or len(features[0])
    cut = [x.reshape(len(x) // n, n, -1) for x in features]
    return np.stack([x @ x.transpose(0, 2, 1) for x in cut])


def song(K, L):
    """Return the closed form of the unbiased HSIC of Song et al. (2012)."""
    n, one = len(K), np.ones(len(K))
    K, L = K - np.diag(np.diag(K)), L - np.diag(np.diag(L))
    cross = (one @ K @ one) * (one @ L @ one) / ((n - 1) * (n - 2)) - 2 / (n - 2) * (one @ K @ L @ one)
    return (np.trace(K @ L) + cross) / (n * (n - 3))


def u_statistic(K, L):
    """Return the unbiased HSIC as an average over all ordered quadruples of different images."""
    terms = [
        K[i, j] * L[i, j] + K[i, j] * L[q, r] - 2 * K[i, j] * L[i, q] for i, j, q, r in permutations(range(len(K)), 4)
    ]
    return np.mean(terms)


def rotation(rng, p):
    return np.linalg.qr(rng.normal(size=(p, p)))[0]


@given(seeds, st.integers(4, 12))
def test_hsic_is_the_closed_form(seed, n):
    rng = np.random.default_rng(seed)
    K, L = grams_of(rng.normal(size=(n, 3)), rng.normal(size=(n, 5)))[:, 0]
    assert hsic1(K, L) == pytest.approx(song(K, L), abs=1e-10)


@pytest.mark.parametrize("n", [4, 5, 7])
def test_hsic_is_the_average_over_quadruples(n):
    rng = np.random.default_rng(n)
    K, L = grams_of(rng.normal(size=(n, 2)), rng.normal(size=(n, 3)))[:, 0]
    assert hsic1(K, L) == pytest.approx(u_statistic(K, L), abs=1e-12)


@given(seeds, st.integers(4, 10))
def test_centred_rows_sum_to_nothing_off_the_diagonal(seed, n):
    centred = u_center(grams_of(np.random.default_rng(seed).normal(size=(n, 3))))[0, 0]
    assert np.abs(centred.sum(axis=0)).max() < 1e-12
    assert not np.diag(centred).any()
    assert np.abs(centred - centred.T).max() < 1e-12


@given(seeds)
def test_cka_with_itself_is_one_and_rotation_or_scale_change_nothing(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(24, 5))
    matrix = minibatch_cka(grams_of(X, X, -3.5 * X @ rotation(rng, 5), batch=8))
    assert matrix == pytest.approx(np.ones((3, 3)), abs=1e-12)


def test_a_general_linear_map_does_change_it():
    X = np.random.default_rng(0).normal(size=(64, 5))
    assert minibatch_cka(grams_of(X, X * [1, 1, 1, 1, 10]))[0, 1] < 0.7


def test_independent_features_give_nothing_however_many_they_are():
    """64 images of 1000 features; the biased estimator says more than 0.9 of the same noise."""
    rng = np.random.default_rng(1)
    X, Y = rng.normal(size=(2, 64, 1000))
    assert abs(minibatch_cka(grams_of(X, Y))[0, 1]) < 5 / 64
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    K, L = X @ X.T, Y @ Y.T
    assert (K * L).sum() / np.sqrt((K * K).sum() * (L * L).sum()) > 0.9


def test_the_scatter_of_independent_features_is_known():
    """n(n − 3)/2 entries of each U-centred matrix are free, so CKA scatters as a correlation of as many numbers."""
    rng, n = np.random.default_rng(7), 16
    found = [minibatch_cka(grams_of(*rng.normal(size=(2, n, 400))))[0, 1] for _ in range(400)]
    assert np.mean(found) == pytest.approx(0, abs=4 * np.std(found) / 20)
    assert np.std(found) == pytest.approx(np.sqrt(2 / (n * (n - 3))), rel=0.12)


def test_batches_of_every_size_give_what_the_whole_gives():
    """One pass of 2048 images scatters by 0.007 at batch 8 and falls as 1/√(passes · batch), hence the passes."""
    rng = np.random.default_rng(2)
    X = rng.normal(size=(2048, 20))
    Y = X + 0.5 * rng.normal(size=X.shape)
    whole = minibatch_cka(grams_of(X, Y))[0, 1]
    assert whole == pytest.approx(1 / (1 + 0.5**2), abs=0.01)  # that of the distribution, seen by 2048 images
    for batch in (8, 32, 128, 512):
        passes = [rng.permutation(2048) for _ in range(max(1, 128 // batch))]
        grams = np.concatenate([grams_of(X[order], Y[order], batch=batch) for order in passes], axis=1)
        assert minibatch_cka(grams)[0, 1] == pytest.approx(whole, abs=0.005)


def test_it_is_a_ratio_of_sums():
    rng = np.random.default_rng(3)
    X, Y = rng.normal(size=(2, 30, 4))
    X[:10] *= 7
    K, L = grams_of(X, Y, batch=10)
    kl, kk, ll = (sum(song(a, b) for a, b in zip(*both, strict=True)) for both in ((K, L), (K, K), (L, L)))
    assert minibatch_cka(np.stack([K, L]))[0, 1] == pytest.approx(kl / np.sqrt(kk * ll), abs=1e-12)


def test_a_common_offset_of_the_features_changes_nothing():
    rng = np.random.default_rng(4)
    X, Y = rng.normal(size=(2, 64, 100))
    assert minibatch_cka(grams_of(X + 100, Y + 100)) == pytest.approx(minibatch_cka(grams_of(X, Y)), abs=1e-10)


def test_one_far_point_common_to_both_does_not_fake_likeness():
    rng = np.random.default_rng(5)
    X, Y = rng.normal(size=(2, 128, 100))
    X[0] += 50
    Y[0] += 50
    assert minibatch_cka(grams_of(X, Y))[0, 1] < 0.2


@pytest.mark.parametrize("value", [0.0, 1 / 3, np.nan, np.inf])
def test_a_layer_that_is_constant_or_not_finite_is_nan_and_spoils_no_other(value):
    rng = np.random.default_rng(6)
    X, Y = rng.normal(size=(2, 6, 3))
    matrix = minibatch_cka(grams_of(X, np.full((6, 3), value), Y))
    assert np.isnan(matrix[1]).all()
    assert np.isnan(matrix[:, 1]).all()
    assert matrix[np.ix_([0, 2], [0, 2])] == pytest.approx(minibatch_cka(grams_of(X, Y)))


def test_fewer_than_four_images_are_refused():
    with pytest.raises(DataError, match="a batch holds 3 images: debiased CKA needs at least 4"):
        minibatch_cka(np.ones((1, 2, 3, 3)))


def test_a_constant_layer_leaves_the_others_as_they_are():
    features = np.random.default_rng(0).normal(size=(4, 3, 9, 5))
    features[2] = 1.0
    matrix = minibatch_cka(features @ np.swapaxes(features, -1, -2))
    assert np.isnan(matrix[2]).all()
    assert np.isfinite(np.delete(np.delete(matrix, 2, 0), 2, 1)).all()
