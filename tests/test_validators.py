"""Each validator's number against a truth of its own: SciPy, scikit-learn, or a closed form."""

from __future__ import annotations

import math
import warnings
from dataclasses import fields, replace

import numpy as np
import pytest
from astrobench.rules import VALIDATORS
from astrobench.validators import Snapshot, validator
from astrobench.validators.class_cluster import adjusted_mutual_information, clusters
from astrobench.validators.density_ratio import density_ratio, logistic
from astrobench.validators.dev import weighted_risk
from scipy.spatial.distance import cdist
from scipy.special import softmax
from scipy.stats import entropy as scipy_entropy
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_mutual_info_score
from sklearn.metrics.pairwise import cosine_similarity, rbf_kernel

K, F = 3, 5


def snapshot(n: int = 40, m: int = 36, shift: float = 0.7) -> Snapshot:
    stream = np.random.default_rng(3)
    labels = np.arange(n) % K
    source = stream.normal(size=(n, F)) + 2 * np.eye(K, F)[labels]
    target = stream.normal(size=(m, F)) + 2 * np.eye(K, F)[np.arange(m) % K] + shift
    return Snapshot(source, 2 * source[:, :K], labels, target, 2 * target[:, :K])


def told(logits: np.ndarray) -> Snapshot:
    """Return a snapshot whose network says this of the target."""
    return replace(snapshot(), target_logits=np.asarray(logits, float), target_latent=np.asarray(logits, float))


def sure(classes: list[int]) -> Snapshot:
    return told(200.0 * np.eye(K)[classes])


def test_a_snapshot_has_no_place_for_target_labels() -> None:
    assert {field.name for field in fields(Snapshot)} == {
        "source_latent", "source_logits", "source_labels", "target_latent", "target_logits",
    }  # fmt: skip


@pytest.mark.parametrize("name", VALIDATORS)
def test_every_validator_is_a_finite_number_that_ignores_the_order_of_target_images(name: str) -> None:
    shown, value = snapshot(), validator(name)(snapshot())
    order = np.random.default_rng(0).permutation(len(shown.target_latent))
    if name == "dev":  # its two halves are every other image
        order = np.arange(len(order)).reshape(-1, 2)[::-1].ravel()
    moved = replace(shown, target_latent=shown.target_latent[order], target_logits=shown.target_logits[order])
    assert math.isfinite(value)
    assert validator(name)(moved) == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize("name", VALIDATORS)
@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 3), (4, 5)])
def test_a_handful_of_images_gives_a_number_or_nan_and_no_warning(name: str, n: int, m: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(validator(name)(snapshot(n, m)), float)


def test_entropy_is_minus_scipy_s_and_zero_for_a_sure_network() -> None:
    shown = snapshot()
    truth = -scipy_entropy(softmax(shown.target_logits, axis=1), axis=1).mean()
    assert validator("entropy")(shown) == pytest.approx(truth, rel=1e-12)
    assert validator("entropy")(sure([0, 1, 2])) == pytest.approx(0, abs=1e-12)
    assert validator("entropy")(told(np.zeros((4, K)))) == pytest.approx(-math.log(K))


def test_information_maximisation_is_the_mutual_information_of_image_and_class() -> None:
    joint = softmax(snapshot().target_logits, axis=1) / len(snapshot().target_logits)
    independent = joint.sum(0, keepdims=True) * joint.sum(1, keepdims=True)
    truth = float((joint * np.log(joint / independent)).sum())
    assert validator("information_maximisation")(snapshot()) == pytest.approx(truth, rel=1e-12)
    assert validator("information_maximisation")(sure([0, 1, 2])) == pytest.approx(math.log(K))
    assert validator("information_maximisation")(sure([1, 1, 1])) == pytest.approx(0, abs=1e-12)


def test_snd_is_the_entropy_of_cosine_similarities_without_the_image_itself() -> None:
    alike = cosine_similarity(softmax(snapshot().target_logits, axis=1)) / 0.05
    rows = [scipy_entropy(softmax(np.delete(row, i))) for i, row in enumerate(alike)]
    assert validator("snd")(snapshot()) == pytest.approx(np.mean(rows), rel=1e-10)


def test_snd_knows_the_size_of_a_neighbourhood() -> None:
    """Two classes of three images each: two neighbours are alike, three are orthogonal, weights e^20 and 1."""
    weights = np.array([math.exp(20)] * 2 + [1.0] * 3)
    assert validator("snd")(sure([0, 0, 0, 1, 1, 1])) == pytest.approx(scipy_entropy(weights), rel=1e-9)


def test_bnm_is_the_nuclear_norm_over_the_largest_there_is() -> None:
    shown = softmax(snapshot().target_logits, axis=1)
    truth = np.linalg.norm(shown, "nuc") / math.sqrt(len(shown) * K)
    assert validator("bnm")(snapshot()) == pytest.approx(truth, rel=1e-12)
    assert validator("bnm")(sure([0, 1, 2, 0, 1, 2])) == pytest.approx(1)
    assert validator("bnm")(sure([1, 1, 1, 1])) == pytest.approx(1 / math.sqrt(K))


def test_mmd_is_the_unbiased_estimate_over_five_kernels() -> None:
    shown = snapshot()
    source, target = shown.source_latent, shown.target_latent
    pooled = np.concatenate([source, target])
    squares = cdist(pooled, pooled, "sqeuclidean")
    median = np.median(squares[np.triu_indices(len(pooled), 1)])
    truth = 0.0
    for scale in (0.25, 0.5, 1, 2, 4):
        rate = 1 / (2 * scale * median)
        a, b = rbf_kernel(source, gamma=rate), rbf_kernel(target, gamma=rate)
        n, m = len(source), len(target)
        within = (a.sum() - n) / (n * (n - 1)) + (b.sum() - m) / (m * (m - 1))
        truth += (within - 2 * rbf_kernel(source, target, gamma=rate).mean()) / 5
    assert validator("mmd")(shown) == pytest.approx(-truth, rel=1e-9)


def test_mmd_is_zero_on_average_without_a_shift_and_does_not_see_the_scale_of_a_latent() -> None:
    stream, rounds = np.random.default_rng(1), []
    for _ in range(200):
        points = stream.normal(size=(60, F))
        rounds.append(validator("mmd")(replace(snapshot(), source_latent=points[:30], target_latent=points[30:])))
    assert np.mean(rounds) == pytest.approx(0, abs=3 * float(np.std(rounds)) / math.sqrt(len(rounds)))
    big = replace(
        snapshot(), source_latent=1e3 * snapshot().source_latent, target_latent=1e3 * snapshot().target_latent
    )
    assert validator("mmd")(big) == pytest.approx(validator("mmd")(snapshot()), rel=1e-9)
    assert validator("mmd")(snapshot(shift=2.0)) < validator("mmd")(snapshot(shift=0.2))


@pytest.mark.parametrize("ridge", [0.01, 1.0])
def test_the_domain_classifier_is_scikit_learn_s_logistic_regression(ridge: float) -> None:
    shown = snapshot()
    points, labels = np.concatenate([shown.source_latent, shown.target_latent]), np.repeat([0.0, 1.0], [40, 36])
    weights, intercept = logistic(points, labels, ridge)
    truth = LogisticRegression(C=1 / (ridge * len(points)), tol=1e-10, max_iter=1000).fit(points, labels)
    assert weights == pytest.approx(truth.coef_[0], abs=1e-5)
    assert intercept == pytest.approx(float(truth.intercept_[0]), abs=1e-5)


def test_the_classifier_takes_more_features_than_images() -> None:
    stream = np.random.default_rng(2)
    points, labels = stream.normal(size=(20, 300)), np.arange(20) % 2.0
    truth = LogisticRegression(C=1 / (0.1 * 20), tol=1e-10, max_iter=5000).fit(points, labels)
    assert logistic(points, labels, 0.1)[0] == pytest.approx(truth.coef_[0], abs=1e-5)


SHIFT = np.array([0.6, -0.4])


def gaussians(n: int = 4000, m: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    """Return a source N(0, 1) and a target N(SHIFT, 1): the density ratio is exp(SHIFT·x − |SHIFT|²/2)."""
    stream = np.random.default_rng(4)
    return stream.normal(size=(n, 2)), stream.normal(size=(m, 2)) + SHIFT


def test_importance_weights_are_the_density_ratio_of_two_gaussians() -> None:
    source, target = gaussians()
    truth = np.exp(source @ SHIFT - SHIFT @ SHIFT / 2)
    found = density_ratio(source, target)
    assert found.shape == (len(source),)
    assert np.mean(np.abs(found - truth)) < 0.06  # of a mean weight of 1, at 7,000 points
    assert found.mean() == pytest.approx(1, abs=0.03)


def test_the_weighted_risk_of_true_weights_is_the_target_s_in_closed_form() -> None:
    """E over the target of (x·v)² is |v|² + (SHIFT·v)²; over the source it is |v|² alone."""
    source, _ = gaussians(40_000)
    v = np.array([1.0, -1.0])
    truth = v @ v + (SHIFT @ v) ** 2
    weights, losses = np.exp(source @ SHIFT - SHIFT @ SHIFT / 2), np.square(source @ v)
    assert weighted_risk(weights, losses) == pytest.approx(truth, rel=0.03)
    assert losses.mean() == pytest.approx(v @ v, rel=0.03)


def test_the_control_variate_takes_variance_away_and_a_constant_loss_is_exact() -> None:
    stream, plain, controlled = np.random.default_rng(5), [], []
    for _ in range(300):
        source = stream.normal(size=(200, 2))
        weights, losses = np.exp(source @ SHIFT - SHIFT @ SHIFT / 2), 1 + 0.1 * source[:, 0]
        plain.append(float((weights * losses).mean()))
        controlled.append(weighted_risk(weights, losses))
    assert np.std(controlled) < np.std(plain) / 4
    assert weighted_risk(weights, np.full(200, 0.7)) == pytest.approx(0.7)


def test_dev_is_the_target_s_cross_entropy_by_quadrature() -> None:
    """Class 1 where x₀ is large, by logits (0, 2x₀): the loss of labels drawn from σ(x₀) has a one-dimensional mean."""
    source, target = gaussians(40_000, 30_000)
    chance = 1 / (1 + np.exp(-source[:, 0]))
    labels = (np.random.default_rng(6).random(len(source)) < chance).astype(np.int64)
    seen = [np.column_stack([np.zeros(len(points)), 2 * points[:, 0]]) for points in (source, target)]
    nodes, mass = np.polynomial.hermite_e.hermegauss(60)
    x = nodes + SHIFT[0]
    p = 1 / (1 + np.exp(-x))
    truth = float((mass * (p * np.logaddexp(0, -2 * x) + (1 - p) * np.logaddexp(0, 2 * x))).sum() / mass.sum())
    unweighted = float(np.logaddexp(0, np.where(labels, -2, 2) * source[:, 0]).mean())
    found = -validator("dev")(Snapshot(source, seen[0], labels, target, seen[1]))
    assert found == pytest.approx(truth, abs=0.01)
    assert abs(unweighted - truth) > 0.02


@pytest.mark.parametrize("seed", range(4))
def test_adjusted_mutual_information_is_scikit_learn_s(seed: int) -> None:
    stream = np.random.default_rng(seed)
    a = stream.integers(0, 4, 60)
    b = np.where(stream.random(60) < 0.5, a, stream.integers(0, 3, 60))
    assert adjusted_mutual_information(a, b) == pytest.approx(adjusted_mutual_info_score(a, b), abs=1e-10)
    assert adjusted_mutual_information(a, a) == pytest.approx(1)


def test_clusters_are_scikit_learn_s_k_means_from_the_same_start() -> None:
    shown = snapshot()
    start = shown.target_logits.argmax(1)
    centres = np.stack([shown.target_latent[start == k].mean(0) for k in range(K)])
    truth = KMeans(K, init=centres, n_init=1, tol=0).fit(shown.target_latent).labels_
    assert np.array_equal(clusters(shown.target_latent, start), truth)
    expected = adjusted_mutual_info_score(start, truth)
    assert validator("class_cluster")(shown) == pytest.approx(expected, abs=1e-10)


def test_one_class_for_all_images_is_no_cluster() -> None:
    assert validator("class_cluster")(sure([1, 1, 1, 1])) == 0
