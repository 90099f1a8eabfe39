"""The hat is above the law and its sure part below it, at every count, for every mean it is made for."""

from __future__ import annotations

import numpy as np
import pytest
from astrobench_galaxies.hats import EDGE, STEP, SURE, bounds, hat_from, tail
from scipy.stats import poisson

LEVELS = (128, 1024, 16384, 2**20)
TIMES = (1.0, 1.0001, 1.37, 1.999, 4.6, 30.0)  # means as multiples of the level


def law(mean: float, x: np.ndarray) -> np.ndarray:
    """Return the density of x of which floor(mean + √mean x) is the Poisson number, by SciPy."""
    return np.sqrt(mean) * poisson.pmf(np.floor(mean + np.sqrt(mean) * x), mean)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("times", TIMES)
def test_the_law_lies_between_the_bounds_of_every_cell(level: int, times: float):
    left = np.arange(-EDGE, EDGE, STEP)
    low, high = bounds(left, level)
    for mean in level * times + np.array([0.0, 0.3, 0.77]):
        inside = law(mean, left[:, None] + STEP * np.linspace(0, 1, 50, endpoint=False))
        assert np.all(low[:, None] <= inside)
        assert np.all(inside <= high[:, None])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("times", TIMES)
def test_the_law_lies_below_the_hat_of_the_tails(level: int, times: float):
    height, slope = tail(level)
    beyond = np.linspace(0, 9, 3000)
    for side in (-1, 1):
        above = height * np.exp(-slope * beyond) - law(level * times, side * (EDGE + beyond))
        assert above.min() >= 0


@pytest.mark.parametrize("level", LEVELS)
def test_rectangles_fill_each_cell_from_the_ground_to_above_the_law(level: int):
    hat = hat_from(level)
    left = np.arange(-EDGE, EDGE, STEP)
    low, high = bounds(left, level)
    first = round(-EDGE / STEP)
    sure = np.bincount(hat.sure - first, minlength=len(left))
    piled = sure + np.bincount(hat.doubtful - first, minlength=len(left))
    assert len(hat.sure) == SURE
    assert np.all(sure * hat.thickness <= low)
    assert np.all(piled * hat.thickness >= high)
    levels = np.rint(hat.bottom / hat.thickness).astype(int)
    for cell in (0, 10, len(left) // 2, len(left) - 1):
        assert levels[hat.doubtful - first == cell].tolist() == list(range(sure[cell], piled[cell]))


@pytest.mark.parametrize("level", LEVELS)
def test_the_tails_hat_has_the_area_of_its_rectangles_and_is_high_enough(level: int):
    hat = hat_from(level)
    assert 2 * hat.tail / hat.slope == pytest.approx(hat.tails * hat.thickness * STEP)
    assert hat.tail >= tail(level)[0]
    assert hat.share == pytest.approx(1 - SURE / (SURE + len(hat.bottom) + hat.tails))


def test_few_rectangles_are_tested():
    assert [round(hat_from(level).share, 2) for level in LEVELS] == [0.09, 0.05, 0.03, 0.02]
