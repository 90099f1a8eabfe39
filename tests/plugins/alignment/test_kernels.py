"""Kernel sums agree with scikit-learn, and their hand-written gradient with finite differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from astrobench_alignment.kernels import kernel_sum, pair_weights, squared_distances
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import euclidean_distances, rbf_kernel

RATES = [0.1, 1.0, 3.0]


def points(n: int, features: int = 4, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(n, features)))


def test_the_sum_is_scikit_learns() -> None:
    p = points(7)
    weights = pair_weights(p[:3], p[3:], biased=True)
    expected = sum((weights.numpy() * rbf_kernel(p.numpy(), gamma=rate)).sum() for rate in RATES)
    assert kernel_sum(p, weights, RATES).item() == pytest.approx(expected, rel=1e-12)


def test_shiftkits_discrepancy_is_one_choice_of_rates(hs: torch.Tensor, ht: torch.Tensor) -> None:
    rates = [0.5 / width**2 for width in (0.1, 1, 5, 10, 50)]  # its σ is squared, and its diagonal kept
    value = kernel_sum(torch.cat([hs, ht]), pair_weights(hs, ht, biased=True), rates)
    assert value.item() == pytest.approx(0.92412474021, abs=1e-10)


def test_the_gradient_is_that_of_finite_differences() -> None:
    p = points(6).requires_grad_()
    weights = pair_weights(p[:2], p[2:], biased=False)
    assert torch.autograd.gradcheck(lambda x: kernel_sum(x, weights, RATES), (p,))


def test_float32_keeps_six_digits_far_from_the_origin() -> None:
    p = points(40, features=64) + 100
    weights = pair_weights(p[:20], p[20:], biased=True)
    exact, single = [kernel_sum(x, weights.to(x.dtype), [1 / 64, 1 / 256]) for x in (p, p.float())]
    assert single.item() == pytest.approx(exact.item(), abs=2e-5)  # coordinates near 100 carry 8e-6 themselves


@settings(max_examples=30, deadline=None)
@given(
    n=st.integers(1, 9), features=st.integers(1, 5), seed=st.integers(0, 99), scale=st.sampled_from([1e-3, 1.0, 1e3])
)
def test_squared_distances_are_scikit_learns(n: int, features: int, seed: int, scale: float) -> None:
    p = scale * points(n, features, seed)
    expected = euclidean_distances(p.numpy(), squared=True)
    np.testing.assert_allclose(squared_distances(p).numpy(), expected, rtol=1e-9, atol=1e-12 * scale**2)


def test_points_that_coincide_have_distance_nought_and_no_gradient() -> None:
    p = torch.full((4, 3), 0.1).requires_grad_()
    kernel_sum(p, pair_weights(p[:2], p[2:], biased=True), [5e5]).backward()
    assert not squared_distances(p.detach()).any()
    assert p.grad is not None
    assert not p.grad.any()


@pytest.mark.parametrize("biased", [True, False])
def test_weights_of_pairs_sum_to_nought(biased: bool) -> None:
    assert math.isclose(pair_weights(points(3), points(5), biased=biased).sum().item(), 0, abs_tol=1e-12)
