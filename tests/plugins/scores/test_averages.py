"""Means over images, and numbers that do not exist."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astrobench_scores.averages import average, fraction, mean
from hypothesis import given
from hypothesis import strategies as st

finite = st.floats(-1e6, 1e6)


@given(st.lists(finite, min_size=2, max_size=30))
def test_the_error_is_the_population_deviation_over_root_n(values):
    score = average(np.array(values))
    assert score.value == pytest.approx(np.mean(values), abs=1e-6)
    assert score.se == pytest.approx(np.std(values) / math.sqrt(len(values)), abs=1e-6)


@given(st.lists(finite, min_size=1, max_size=30), st.randoms())
def test_a_mean_does_not_depend_on_the_order(values, random):
    shuffled = random.sample(values, len(values))
    assert mean(shuffled) == mean(values)


@given(st.lists(st.booleans(), min_size=2, max_size=50))
def test_a_fraction_is_the_average_of_its_indicator(flags):
    one, other = fraction(sum(flags), len(flags)), average(np.array(flags, float))
    assert (one.value, one.n) == (pytest.approx(other.value), other.n)
    assert one.se == pytest.approx(other.se)


def test_one_image_has_no_error():
    assert fraction(1, 1).se is None
    assert average(np.array([3.0])).se is None


def test_a_fraction_of_nothing_is_nan_with_the_reason():
    score = fraction(0, 0, better="higher", empty="no galaxy")
    assert math.isnan(score.value)
    assert (score.note, score.n, score.better) == ("no galaxy", 0, "higher")
