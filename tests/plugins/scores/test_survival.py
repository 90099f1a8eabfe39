"""Waiting times of which some are known only from below."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from astrobench_scores.survival import kaplan_meier, median, restricted_mean
from hypothesis import given
from hypothesis import strategies as st

times_seen = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=30)


def curve_of(pairs):
    times, seen = zip(*pairs, strict=True)
    return kaplan_meier(np.array(times, float), np.array(seen, bool))


def test_the_remission_times_of_the_textbook():
    """6-mercaptopurine arm of Freireich et al. (1963): 21 patients, 9 relapses; the curve is printed in every course.

    Median 23 weeks; S(6) = 18/21, S(10) = 0.7529, S(23) = 0.4482.
    """
    seen = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    curve = curve_of([(t, True) for t in seen] + [(t, False) for t in censored])
    alive = dict(zip(curve.times, curve.alive, strict=True))
    assert alive[6] == pytest.approx(18 / 21)
    assert alive[10] == pytest.approx(0.7529, abs=5e-5)
    assert alive[23] == pytest.approx(0.4482, abs=5e-5)
    assert median(curve) == 23


def test_a_curve_by_hand():
    """Flips at 1 and 3 of four, one lost at 2, one still there at 5: S = 3/4, then 3/4 · 1/2 = 3/8.

    The area to 5 is 1·1 + 2·3/4 + 2·3/8 = 13/4; Greenwood: (9/4)²·1/(4·3) + (3/4)²·1/(2·1).
    """
    curve = curve_of([(1, True), (2, False), (3, True), (5, False)])
    assert curve.alive.tolist() == [0.75, 0.75, 0.375, 0.375]
    assert median(curve) == 3
    mean, error = restricted_mean(curve)
    assert mean == pytest.approx(13 / 4)
    assert error**2 == pytest.approx((9 / 4) ** 2 / 12 + (3 / 4) ** 2 / 2)


@given(times_seen)
def test_the_curve_is_the_product_limit_in_exact_fractions(pairs):
    alive, curve = Fraction(1), curve_of(pairs)
    half = math.nan
    for position, now in enumerate(sorted({time for time, _ in pairs})):
        risk = sum(time >= now for time, _ in pairs)
        alive *= 1 - Fraction(sum(time == now and seen for time, seen in pairs), risk)
        assert curve.alive[position] == pytest.approx(float(alive), abs=1e-12)
        if math.isnan(half) and alive <= Fraction(1, 2):
            half = now
    assert median(curve) == pytest.approx(half, nan_ok=True)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=30))
def test_without_censoring_the_mean_is_the_plain_mean_and_its_population_error(times):
    mean, error = restricted_mean(curve_of([(time, True) for time in times]))
    assert mean == pytest.approx(np.mean(times), abs=1e-12)
    assert error == pytest.approx(np.std(times) / math.sqrt(len(times)), abs=1e-7)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=30))
def test_censored_at_a_cap_the_mean_is_that_of_the_capped_times(times):
    capped = np.minimum(times, 9)
    mean, error = restricted_mean(curve_of([(min(time, 9), time <= 9) for time in times]))
    assert mean == pytest.approx(capped.mean(), abs=1e-12)
    assert error == pytest.approx(capped.std() / math.sqrt(len(times)), abs=1e-7)


@pytest.mark.parametrize("n", range(2, 61, 2))
def test_a_curve_that_comes_to_one_half_has_a_median_however_it_rounds(n):
    assert median(curve_of([(time, True) for time in range(1, n + 1)])) == n / 2


def test_fewer_than_half_have_no_median():
    assert math.isnan(median(curve_of([(1, True), (9, False), (9, False)])))
