"""How one number is told."""

from __future__ import annotations

import math

import pytest
from astrobench.leaderboard import Cell, Column
from astrobench.leaderboard.table import Images
from astrobench.leaderboard.wording import DASH, MINUS, decimals_of, fixed, heading, titled, words

MEAN = Column("accuracy", "accuracy", "Y1", percent=True, better="higher")
GAIN = Column("gain", "accuracy", "Y1", kind="gain", percent=True, better="higher")
ERROR = Column("distance", "distance", "Y1", unit="nJy", better="lower")


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (Cell(0.755, 0.005, 3), "75.5 ± 0.5"),
        (Cell(0.755, None, 1), "75.5 (1 of 3 seeds)"),
        (Cell(0.755, 0.005, 3, images=Images(100, 100, 497)), "75.5 ± 0.5 (n = 100)"),
        (Cell(0.755, 0.005, 3, images=Images(98, 100, 497)), f"75.5 ± 0.5 (n = 98{DASH}100)"),
        (Cell(0.755, 0.005, 2, images=Images(98, 98, 497)), "75.5 ± 0.5 (n = 98, 2 of 3 seeds)"),
        (Cell(0.755, 0.005, 3, images=Images(497, 497, 497)), "75.5 ± 0.5"),
        (Cell(0.755, 0.005, 3, images=Images(497, 497)), "75.5 ± 0.5"),
        (Cell(0.755, 0.005, 2, n_failed=1), "75.5 ± 0.5 (2 of 3 seeds, 1 failed)"),
        (Cell(n_failed=3), "failed"),
        (Cell(n_failed=1, n_undefined=2), "failed"),
        (Cell(n_undefined=3), "undefined"),
        (Cell(), DASH),
    ],
)
def test_a_mean_is_told_with_what_it_lacks(cell: Cell, told: str) -> None:
    assert words(cell, MEAN, 1, 3) == told


def test_one_seed_is_marked_though_no_more_were_run() -> None:
    assert words(Cell(0.755, None, 1), MEAN, 1, 1) == "75.5 (1 seed)"


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        (Cell(0.2, 0.02, 3, interval=(0.151, 0.249)), "+20.0 [15.1, 24.9]"),
        (Cell(-0.2, 0.02, 3, interval=(-0.249, 0.01)), f"{MINUS}20.0 [{MINUS}24.9, 1.0]"),
        (Cell(0.2, None, 3), "+20.0 [unknown]"),
        (Cell(0.0, None, 3, is_reference=True), "reference"),
        (Cell(), DASH),
    ],
)
def test_a_gain_is_told_with_its_interval(cell: Cell, told: str) -> None:
    assert words(cell, GAIN, 1, 3) == told


@pytest.mark.parametrize("value", [0.0, -0.0, -0.0001, 0.0004])
def test_zero_has_no_sign(value: float) -> None:
    assert fixed(value, MEAN, 1, signed=True) == "0.0"


@pytest.mark.parametrize(
    ("largest", "decimals"), [(0.0, 2), (0.0312, 4), (0.9, 3), (12.3, 1), (99.0, 1), (431.0, 0), (4e6, 0), (1e-12, 6)]
)
def test_a_column_shows_three_figures_of_its_middle_number(largest: float, decimals: int) -> None:
    assert decimals_of(ERROR, [Cell(largest / 3), Cell(-largest), Cell(math.nan)]) == decimals


def test_one_number_out_of_all_proportion_takes_no_figure_from_the_others() -> None:
    assert decimals_of(ERROR, [Cell(0.37), Cell(0.91), Cell(6853.0)]) == 3


def test_a_heading_tells_unit_and_where_better_lies() -> None:
    assert heading(MEAN) == ("accuracy", "(%) ↑")
    assert heading(GAIN) == ("gain", "(pp) ↑")
    assert heading(ERROR) == ("distance", "(nJy) ↓")
    assert titled(ERROR) == "distance (nJy)"


def test_a_gain_in_a_score_that_should_be_low_points_up_because_a_gain_is_an_improvement() -> None:
    assert heading(Column("ECE gain", "ece", "Y1", kind="gain", better="lower"))[1] == "↑"


def test_a_unit_that_repeats_the_title_is_left_out() -> None:
    assert heading(Column("generations", "generations", "Y1", unit="generations")) == ("generations", "")
