"""What one step of the differential evolution promises."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from astrobench_perturbations.evolution import decode, distinct, first, trials
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats


def members(searches: int, population: int, seed: int = 0) -> torch.Tensor:
    found = [first(np.random.default_rng([seed, k]), population, 3) for k in range(searches)]
    return torch.from_numpy(np.stack(found))


def draws(parents: torch.Tensor) -> torch.Tensor:
    searches, population, genes = parents.shape
    found = [np.random.default_rng([7, k]).random((population, 3 + genes)) for k in range(searches)]
    return torch.from_numpy(np.stack(found))


def uniform(seed: int, n: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).random((n, 3)))


def test_first_positions_are_uniform_and_values_normal_clipped() -> None:
    found = first(np.random.default_rng(0), 20_000, 3)
    assert stats.kstest(found[:, :2].ravel(), "uniform").pvalue > 1e-3
    inside = found[:, 2:][(found[:, 2:] > 0) & (found[:, 2:] < 1)]
    assert stats.kstest(inside, stats.truncnorm(-1, 1, 0.5, 0.5).cdf).pvalue > 1e-3
    at_an_end = stats.norm.cdf(-1)
    assert (found[:, 2:] == 0).mean() == pytest.approx(at_an_end, abs=0.005)
    assert (found[:, 2:] == 1).mean() == pytest.approx(at_an_end, abs=0.005)


@given(st.integers(3, 9), st.integers(0, 2**32))
def test_three_members_are_always_different(population: int, seed: int) -> None:
    found = distinct(uniform(seed, 50), population)
    assert found.min() >= 0
    assert found.max() < population
    assert all(len(set(row)) == 3 for row in found.tolist())


def test_every_triple_is_as_likely_as_every_other() -> None:
    found = distinct(uniform(1, 60_000), 5)
    _, counts = np.unique(found, axis=0, return_counts=True)
    assert len(counts) == 5 * 4 * 3
    assert stats.chisquare(counts).pvalue > 1e-3


def test_a_rival_is_one_member_plus_half_the_difference_of_two_others() -> None:
    parents = 0.4 + 0.2 * members(1, 6)  # too narrow to leave [0, 1]
    rivals = trials(parents, draws(parents), 0.5, "resample")[0].numpy()
    rows = parents[0].numpy()
    every = [
        rows[a] + 0.5 * (rows[b] - rows[c]) for a in range(6) for b in range(6) for c in range(6) if len({a, b, c}) == 3
    ]
    distance = np.abs(rivals[:, None] - np.array(every)[None]).max(-1).min(1)
    assert distance.max() < 1e-12


def test_numbers_out_of_range_are_drawn_anew_and_the_others_kept() -> None:
    parents = members(4, 300)
    clipped = trials(parents, draws(parents), 2.0, "clip").numpy()
    resampled = trials(parents, draws(parents), 2.0, "resample").numpy()
    inside = (clipped > 0) & (clipped < 1)
    np.testing.assert_array_equal(resampled[inside], clipped[inside])
    assert stats.kstest(resampled[~inside], "uniform").pvalue > 1e-3


@given(st.floats(0, 3), st.sampled_from(["resample", "clip"]), st.integers(0, 2**32))
def test_a_rival_stays_in_the_unit_cube(weight: float, rule: str, seed: int) -> None:
    parents = members(2, 12, seed)
    rivals = trials(parents, draws(parents), weight, rule)  # type: ignore[arg-type]
    assert rivals.min() >= 0
    assert rivals.max() <= 1


def test_a_search_draws_the_same_beside_others() -> None:
    parents = members(3, 20)
    beside = trials(parents, draws(parents), 0.5, "resample")
    alone = trials(parents[1:2], draws(parents)[1:2], 0.5, "resample")
    assert torch.equal(alone[0], beside[1])


def test_edges_weigh_as_published() -> None:
    """Q-A9: of uniform p, row 0 is met with 0.5 %, row 99 with 1.5 %, any other with 1 %."""
    grid = np.repeat((np.arange(200_000) + 0.5)[:, None] / 200_000, 5, 1)
    rows, cols, _ = decode(torch.from_numpy(grid), (100, 100), (0.0, 1.0))
    expected = np.full(100, 0.01)
    expected[[0, 99]] = 0.005, 0.015
    for index in (rows, cols):
        np.testing.assert_allclose(np.bincount(index, minlength=100) / 200_000, expected, atol=1e-5)


def test_the_first_number_is_the_row() -> None:
    pixels = decode(torch.tensor([[0.25, 0.75, 0.1, 0.5, 1.0]]), (8, 20), (0.0, 1.0))
    assert (pixels.rows.tolist(), pixels.cols.tolist()) == ([2], [15])
    np.testing.assert_allclose(pixels.values, [[0.1, 0.5, 1.0]], rtol=1e-6)
    assert pixels.values.dtype == torch.float32


def test_bounds_stretch_the_values() -> None:
    pixels = decode(torch.tensor([[0.0, 0.0, 0.0, 0.5, 1.0]]), (8, 8), (0.4, 0.9))
    np.testing.assert_allclose(pixels.values, [[0.4, 0.65, 0.9]], rtol=1e-6)
