"""The published discrepancy, digit by digit, with its floor and its bias."""

from __future__ import annotations

import pytest
import torch
from astrobench_alignment.kernels import kernel_sum, pair_weights
from astrobench_alignment.mmd_deepadversaries import VARIANCES, biased_mmd, mmd_deepadversaries
from sklearn.metrics.pairwise import rbf_kernel


def test_the_golden_value_of_the_original_function(hs: torch.Tensor, ht: torch.Tensor) -> None:
    assert biased_mmd(hs, ht).item() == pytest.approx(3.55578439951, abs=1e-10)


def test_the_golden_value_without_bias(hs: torch.Tensor, ht: torch.Tensor) -> None:
    rates = [0.5 / variance for variance in VARIANCES]
    value = kernel_sum(torch.cat([hs, ht]), pair_weights(hs, ht, biased=False), rates)
    assert value.item() == pytest.approx(0.39619275795, abs=1e-10)


def test_it_is_scikit_learns_sum_of_19_kernels(hs: torch.Tensor, ht: torch.Tensor) -> None:
    def mean(u: torch.Tensor, v: torch.Tensor) -> float:
        return sum(rbf_kernel(u, v, gamma=0.5 / variance).mean() for variance in VARIANCES)

    assert biased_mmd(hs, ht).item() == pytest.approx(mean(hs, hs) + mean(ht, ht) - 2 * mean(hs, ht), rel=1e-10)


def test_float32_agrees_with_float64_in_value_and_gradient() -> None:
    stream = torch.Generator().manual_seed(0)
    s, t = torch.randn(64, 32, generator=stream), torch.randn(64, 32, generator=stream) + 0.3
    found = [_value_and_gradient(s.to(kind), t.to(kind)) for kind in (torch.float32, torch.float64)]
    assert found[0][0] == pytest.approx(found[1][0], abs=1e-6)
    torch.testing.assert_close(found[0][1].double(), found[1][1], rtol=0, atol=1e-6 * float(found[1][1].abs().max()))


def _value_and_gradient(s: torch.Tensor, t: torch.Tensor) -> tuple[float, torch.Tensor]:
    s.requires_grad_()
    value = biased_mmd(s, t)
    return value.item(), torch.autograd.grad(value, s)[0]


def test_identical_batches_give_the_floor_and_no_gradient() -> None:
    s = torch.randn(8, 5).requires_grad_()
    value = biased_mmd(s, s.detach().clone())
    assert value.item() == pytest.approx(1e-4, rel=1e-6)
    assert not torch.autograd.grad(value, s)[0].any()


def test_the_bias_of_two_gaussian_samples_is_the_documented_quarter() -> None:
    # 0.237 in galaxies.md §1.5 for n = 128, d = 256; its scatter over draws is below 0.01
    stream = torch.Generator().manual_seed(1)
    draws = [biased_mmd(*torch.randn(2, 128, 256, generator=stream)).item() for _ in range(3)]
    assert sum(draws) / 3 == pytest.approx(0.237, abs=0.01)


def test_the_published_weight_is_a_hundredth() -> None:
    assert mmd_deepadversaries(256, 3).weight == 0.01
