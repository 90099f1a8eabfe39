"""CORAL and CMD against NumPy, SciPy and the golden values of the original function."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from astrobench import SuiteError
from astrobench_alignment.cmd import cmd, moment_distance
from astrobench_alignment.coral import covariance_distance
from scipy.stats import moment


def test_coral_has_the_golden_value(hs: torch.Tensor, ht: torch.Tensor) -> None:
    assert covariance_distance(hs, ht[:4]).item() == pytest.approx(0.09432908761, abs=1e-10)
    assert 4 * covariance_distance(hs, ht[:4]).item() == pytest.approx(0.37731635042, abs=1e-10)  # DeepMerge II's


def test_coral_is_numpys_covariance_with_each_batchs_own_size(hs: torch.Tensor, ht: torch.Tensor) -> None:
    apart = np.cov(hs.T) - np.cov(ht.T)
    assert covariance_distance(hs, ht).item() == pytest.approx(np.linalg.norm(apart) ** 2 / (4 * 3**2), rel=1e-12)


def test_coral_does_not_see_the_mean(hs: torch.Tensor) -> None:
    assert covariance_distance(hs, hs + 5).item() == pytest.approx(0, abs=1e-20)


def test_cmd_is_scipys_central_moments_of_tanh(hs: torch.Tensor, ht: torch.Tensor) -> None:
    s, t = np.tanh(hs.numpy()), np.tanh(ht.numpy())
    expected = np.linalg.norm(s.mean(0) - t.mean(0)) / 2
    expected += sum(np.linalg.norm(moment(s, k) - moment(t, k)) / 2**k for k in (2, 3, 4))
    assert moment_distance(hs, ht, moments=4).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("moments", [1, 5])
def test_cmd_of_identical_batches_is_nought_with_a_finite_gradient(hs: torch.Tensor, moments: int) -> None:
    s = hs.clone().requires_grad_()
    value = moment_distance(s, hs, moments=moments)
    assert value.item() == 0
    assert bool(torch.autograd.grad(value, s)[0].isfinite().all())


def test_cmd_without_a_moment_is_refused() -> None:
    with pytest.raises(SuiteError, match="moments of cmd must be 1 or more, not 0"):
        cmd(4, 3, moments=0)
