"""The unbiased discrepancy is unbiased, scale-free, and refuses bandwidths that make no kernel."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from astrobench import Moment, Step, SuiteError
from astrobench_alignment.mmd import median_rates, mmd, unbiased_mmd
from scipy.spatial.distance import pdist
from sklearn.metrics.pairwise import rbf_kernel

ONE = {"bandwidths": None, "multiples": (1.0,)}


def test_given_bandwidths_are_scikit_learns_kernels(hs: torch.Tensor, ht: torch.Tensor) -> None:
    def mean(width: float) -> float:
        within = [rbf_kernel(x, x, gamma=0.5 / width**2) for x in (hs, ht)]
        off = sum((k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in within)
        return float(off - 2 * rbf_kernel(hs, ht, gamma=0.5 / width**2).mean())

    value = unbiased_mmd(hs, ht, bandwidths=(0.5, 2.0), multiples=())
    assert value.item() == pytest.approx((mean(0.5) + mean(2.0)) / 2, rel=1e-12)


def test_the_median_is_of_squared_distances_between_distinct_points(hs: torch.Tensor) -> None:
    expected = 0.5 / (np.array([0.5, 2.0]) * np.sort(pdist(hs.numpy(), "sqeuclidean"))[2])  # lower middle of six
    np.testing.assert_allclose(median_rates(hs, (0.5, 2.0)).numpy(), expected)


def test_it_is_unbiased() -> None:
    stream = torch.Generator().manual_seed(0)
    draws = torch.stack([unbiased_mmd(*torch.randn(2, 16, 3, generator=stream), **ONE) for _ in range(400)])
    assert abs(draws.mean()) < 4 * draws.std() / 20  # four standard errors
    assert draws.std() / 20 < 2e-3  # so a bias of the V-statistic's size, (2/16)(1 − mean k), would be seen


def test_scaling_the_latent_changes_nothing() -> None:
    s, t = torch.randn(2, 10, 4, dtype=torch.float64)
    torch.testing.assert_close(unbiased_mmd(s, t, **ONE), unbiased_mmd(1e3 * s, 1e3 * t, **ONE))


def test_identical_batches_give_the_documented_floor(hs: torch.Tensor) -> None:
    k = rbf_kernel(hs, gamma=0.5)
    floor = -(2 / 4) * (1 - (k.sum() - 4) / 12)
    assert unbiased_mmd(hs, hs, bandwidths=(1.0,), multiples=()).item() == pytest.approx(floor, rel=1e-12)


def test_a_collapsed_latent_gives_a_finite_value_and_gradient() -> None:
    s = torch.zeros(4, 3, requires_grad=True)
    unbiased_mmd(s, torch.zeros(4, 3), **ONE).backward()
    assert s.grad is not None
    assert bool(s.grad.isfinite().all())


@pytest.mark.parametrize("wrong", [{"bandwidths": (0.0,)}, {"bandwidths": ()}, {"multiples": (1.0, -1.0)}])
def test_bandwidths_that_make_no_kernel_are_refused(wrong: dict[str, tuple[float, ...]]) -> None:
    with pytest.raises(SuiteError, match=f"{next(iter(wrong))} of mmd must be one or more numbers above 0"):
        mmd(256, 3, **wrong)


def test_the_weight_rises_so_that_classes_are_learned_first(hs: torch.Tensor) -> None:
    method = mmd(3, 2, weight=2.0)
    steps = Step(hs, hs[:, :2]), Step(hs + 1, hs[:, :2])
    terms = [float(method.terms(*steps, Moment(0, progress))["mmd"]) for progress in (0.0, 0.1, 1.0)]
    full = float(mmd(3, 2, weight=2.0, schedule="constant").terms(*steps, Moment(0, 0.0))["mmd"])
    assert terms == pytest.approx([0.0, full * (2 / (1 + np.exp(-1)) - 1), full], rel=1e-4)
