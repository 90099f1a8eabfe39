"""Numbers of photons are Poisson's: held to SciPy's law, count by count and in the tails."""

from __future__ import annotations

import numpy as np
import pytest
from astrobench_galaxies import photons as ours
from astrobench_galaxies.photons import BRIGHTEST, FAINTEST, FEWEST, chosen, density, photons
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chisquare, kstest, poisson

DRAWS = 1_000_000
MEANS = (12.0, 128.0, 300.4, 1000.0, 2479.7, 190_000.3, 1e7)


def drawn(mean: float, count: int = DRAWS, seed: int = 1) -> np.ndarray:
    return photons(np.full(count, mean), np.random.Generator(np.random.SFC64(seed)))


@pytest.mark.parametrize("mean", MEANS)
def test_every_count_comes_as_often_as_the_law_says(mean: float):
    assert agreement(drawn(mean), mean) > 1e-4


@pytest.mark.parametrize("mean", MEANS)
def test_the_tails_are_as_heavy_as_the_laws(mean: float):
    counts = drawn(mean, 4 * DRAWS)
    for chance in (1e-3, 1e-4, 2e-5):
        low, high = poisson.ppf(chance, mean), poisson.isf(chance, mean)
        for found, expected in (
            ((counts <= low).sum(), poisson.cdf(low, mean)),
            ((counts > high).sum(), poisson.sf(high, mean)),
        ):
            assert 1e-5 < binom.cdf(found, len(counts), expected) < 1 - 1e-5


def test_numbers_of_an_image_whose_means_all_differ_follow_each_ones_law():
    """Randomised, each number's place in its own law is uniform: between 0 and 1."""
    rng = np.random.default_rng(3)
    mean = 2479.7 + rng.exponential(3000, 300_000)
    counts = photons(mean, rng)
    place = poisson.cdf(counts - 1, mean) + rng.random(len(mean)) * poisson.pmf(counts, mean)
    assert kstest(place, "uniform").pvalue > 1e-4


def agreement(counts: np.ndarray, mean: float) -> float:
    """Return the p-value of counts under the law of this mean, count by count (or a fortieth of σ where it is wide)."""
    width = max(1, round(np.sqrt(mean) / 40))
    edges = np.arange(*poisson.ppf([1e-5, 1 - 1e-5], mean), width)
    expected = len(counts) * np.diff(np.concatenate([[0], poisson.cdf(edges, mean), [1]]))
    found = np.bincount(np.searchsorted(edges, counts), minlength=len(edges) + 1)
    return float(chisquare(found, expected).pvalue)


def test_another_law_would_be_found():
    normal = np.rint(np.random.default_rng(1).normal(1000, np.sqrt(1000), DRAWS))
    assert agreement(normal, 1000) < 1e-6
    assert agreement(drawn(1000.4), 1000) < 1e-6


@pytest.mark.parametrize("wrong", [0.0, 0.8, 1.25, np.inf])
def test_a_wrong_region_of_acceptance_would_be_found(wrong: float, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ours, "density", lambda counts, mean: wrong * density(counts, mean))
    assert agreement(drawn(300.4, 4 * DRAWS), 300.4) < 1e-4


@pytest.mark.parametrize("mean", [128.0, 2479.7, 1e7])
def test_the_density_is_scipys(mean: float):
    counts = np.floor(mean + np.sqrt(mean) * np.linspace(-6, 8, 500))
    expected = np.sqrt(mean) * poisson.pmf(counts, mean)
    np.testing.assert_allclose(density(counts, np.full(500, mean)), expected, rtol=1e-7)
    assert density(np.array([-3.0, 0.0]), np.array([mean, mean])).tolist() == [0, 0]


@settings(max_examples=25, deadline=None)
@given(mean=st.floats(0, 2e9), spread=st.floats(0, 10), size=st.integers(1, 3 * FEWEST), seed=st.integers(0, 2**32 - 1))
def test_numbers_are_whole_not_negative_near_their_means_and_fixed_by_the_stream(
    mean: float, spread: float, size: int, seed: int
):
    means = mean * (1 + spread * np.random.default_rng(seed).random(size))
    one, other = (photons(means, np.random.Generator(np.random.SFC64(seed))) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert one.dtype == np.float64
    np.testing.assert_array_equal(one, np.floor(one))
    assert one.min() >= 0
    assert np.all(np.abs(one - means) <= 12 * np.sqrt(means) + 40)


def test_the_numbers_take_the_shape_of_the_means():
    means = np.full((3, 50, 40), 500.0, np.float32)
    rng = np.random.default_rng
    assert photons(means, rng(0)).shape == means.shape
    np.testing.assert_array_equal(photons(means, rng(0)).ravel(), photons(means.ravel(), rng(0)))
    strided = np.repeat(means, 2, axis=-1)[..., ::2]
    np.testing.assert_array_equal(photons(strided, rng(0)), photons(means, rng(0)))


@pytest.mark.parametrize("edge", [np.nextafter(FAINTEST, 0), np.nextafter(BRIGHTEST, np.inf)])
def test_numpy_draws_what_the_hat_is_not_made_for(edge: float):
    means = np.full(FEWEST, 1000.0)
    means[7] = edge
    np.testing.assert_array_equal(photons(means, np.random.default_rng(4)), np.random.default_rng(4).poisson(means))


def test_a_generator_of_32_bits_will_do():
    counts = photons(np.full(100_000, 1000.0), np.random.Generator(np.random.MT19937(1)))
    assert counts.mean() == pytest.approx(1000, abs=0.6)
    assert counts.var() == pytest.approx(1000, rel=0.03)


@pytest.mark.parametrize("wrong", [-1.0, np.nan])
def test_a_mean_that_no_law_has_is_refused(wrong: float):
    means = np.full(FEWEST, 1000.0)
    means[5] = wrong
    with pytest.raises(ValueError, match="lam "):
        photons(means, np.random.default_rng(0))


@pytest.mark.parametrize("share", [0.02, 0.1, 1.0])
def test_each_place_is_chosen_with_the_same_chance(share: float):
    rng, size, turns = np.random.default_rng(2), 200, 4000
    places = [chosen(size, share, rng) for _ in range(turns)]
    assert all(np.all(np.diff(place) > 0) for place in places)
    often = np.bincount(np.concatenate(places), minlength=size)
    assert len(often) == size
    tolerance = 5 * np.sqrt(turns * share * (1 - share))
    assert np.all(np.abs(often - turns * share) <= tolerance)
    counts = np.array([len(place) for place in places])
    assert counts.var() == pytest.approx(size * share * (1 - share), rel=0.15)
