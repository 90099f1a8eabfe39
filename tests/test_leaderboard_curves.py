"""Severity curves on a leaderboard: their mean, and where half of the margin over chance is lost."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import fake_leaderboard as fake
import numpy as np
import pytest
from astrobench.errors import SuiteError
from astrobench.leaderboard import Cell, tabulate, texts
from astrobench.leaderboard.curves import Half, half_lost
from astrobench.records import Row, read_rows
from astrobench.severities import Point
from astrobench.suite import check_suite
from astrobench.types import Score
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from astrobench.types import Better

CHANCE = 0.4
MEAN = {"title": "mean", "score": "accuracy", "domain": "Y10", "perturbation": "blur", "kind": "curve_mean"}
HALF = {**MEAN, "title": "half", "kind": "half_severity", "chance": CHANCE}
BLUR = {0.5: 0.9, 1.0: 0.7, 2.0: 0.5}
"""Accuracy 0.8 unperturbed and 0.4 by chance: half of the margin is lost at 0.6, between 1.0 and 2.0."""


def row(accuracy: float, seed: int = 0, point: Point | None = None, better: Better = "higher") -> Row:
    label = "none" if point is None else f"{point.curve} {point.severity}"
    return Row(
        "mock", "Y10", "net", "source_only", label, seed, f"{label}{seed}", f"{seed}", "ok", point=point,
        scores={"accuracy": Score(accuracy, better=better)},
    )  # fmt: skip


def rows(
    curve: Mapping[float, float], clean: float = 0.8, seed: int = 0, harder: str = "higher", **other: object
) -> list[Row]:
    point = Point("blur", 0.0, "arcsec", **{"harmless": 0.0, "harder": harder, **other})  # type: ignore[arg-type]
    return [row(clean, seed), *(row(value, seed, replace(point, severity=x)) for x, value in curve.items())]


def cells(found: Sequence[Row], *columns: Mapping[str, object]) -> tuple[Cell, ...]:
    board = tabulate({"columns": columns or (MEAN, HALF)}, {"": found})
    return board.lines[0].cells


def test_the_mean_is_over_the_severities_without_the_unperturbed_images() -> None:
    assert "**half**" not in texts(tabulate({"columns": [MEAN]}, {"": rows(BLUR)}))["README.md"]
    mean, _ = cells(rows(BLUR))
    assert mean.mean == pytest.approx((0.9 + 0.7 + 0.5) / 3)
    assert (mean.n, mean.se) == (1, None)


def test_mean_and_half_are_taken_seed_by_seed() -> None:
    worse = {0.5: 0.5, 1.0: 0.4, 2.0: 0.3}  # half is lost at 0 + (0.8 - 0.6) / (0.8 - 0.5) · 0.5
    mean, half = cells([*rows(BLUR), *rows(worse, seed=1)])
    assert (mean.mean, mean.se) == (pytest.approx(0.55), pytest.approx(0.15))
    one, two = 1.5, 1 / 3
    assert half.mean == pytest.approx((one + two) / 2)
    assert half.se == pytest.approx(np.std([one, two], ddof=1) / math.sqrt(2))
    assert (half.n, half.bound) == (2, "")


def test_half_is_lost_between_two_severities_by_linear_interpolation() -> None:
    _, half = cells(rows(BLUR))
    assert half.mean == pytest.approx(float(np.interp(-0.6, [-0.8, -0.7, -0.5], [0, 1, 2])))


def test_the_order_of_severities_in_the_records_does_not_matter() -> None:
    assert cells(rows(dict(reversed(BLUR.items())))) == cells(rows(BLUR))


def test_where_half_is_never_lost_the_hardest_severity_is_a_lower_bound() -> None:
    board = tabulate({"columns": [HALF]}, {"": rows({0.5: 0.8, 2.0: 0.7})})
    found = board.lines[0].cells[0]
    assert (found.mean, found.bound, found.se) == (2.0, ">", None)
    assert "> 2.00 (1 seed)" in texts(board)["README.md"]
    assert "- **half**: the severity at which half" in texts(board)["README.md"]
    assert texts(board)["table.csv"].splitlines()[1].endswith(",2,,1,0,,>")


def test_one_seed_that_never_loses_half_makes_the_mean_a_bound() -> None:
    _, half = cells([*rows(BLUR), *rows({0.5: 0.8, 1.0: 0.8, 2.0: 0.8}, seed=1)])
    assert (half.mean, half.bound, half.se, half.n) == (pytest.approx((1.5 + 2) / 2), ">", None, 2)


def test_where_less_is_harder_the_curve_runs_downwards() -> None:
    years = {10.0: 0.8, 5.0: 0.7, 1.0: 0.5}
    _, half = cells(rows(years, harder="lower", harmless=None))
    assert half.mean == pytest.approx(3.0)
    _, never = cells(rows({10.0: 0.8, 5.0: 0.7}, harder="lower", harmless=None))
    assert (never.mean, never.bound) == (5.0, "<")


def test_half_lost_before_the_first_severity_needs_to_know_what_is_harmless() -> None:
    lost = {0.5: 0.5, 1.0: 0.4}
    assert cells(rows(lost))[1].mean == pytest.approx(1 / 3)
    unknown = cells(rows(lost, harmless=None))[1]
    assert (unknown.mean, unknown.bound) == (0.5, "<")


def test_a_network_that_guesses_has_no_margin_to_lose() -> None:
    _, half = cells(rows(BLUR, clean=CHANCE))
    assert half.n == 0
    assert math.isnan(half.mean)


def test_of_a_score_that_should_be_low_the_margin_is_below_chance() -> None:
    found = [replace(one, scores={"accuracy": Score(v, better="lower")}) for one, v in zip(
        rows({1.0: 0.3, 2.0: 0.5}), (0.2, 0.25, 0.35), strict=True)]  # fmt: skip
    assert cells(found)[1].mean == pytest.approx(1.5)  # 0.4 by chance, 0.2 unperturbed


def test_a_seed_that_lacks_a_severity_has_no_number_and_its_failure_is_counted() -> None:
    first, second = rows(BLUR), rows(BLUR, seed=1)
    second[-1] = replace(second[-1], status="plugin_error", reason="no luck", scores={})
    for found in cells([*first, *second]):
        assert (found.n, found.n_failed) == (1, 1)


def test_curves_of_other_names_and_domains_are_left_alone() -> None:
    other = [replace(one, domain="Y1") for one in rows({1.0: 0.1})]
    third = [row(0.2, 0, Point("sky", 1.0, "mag/arcsec²"))]
    assert cells([*rows(BLUR), *other, *third]) == cells(rows(BLUR))


def test_a_column_has_the_unit_of_the_severity_and_points_where_more_can_be_borne() -> None:
    board = tabulate({"columns": [MEAN, HALF]}, {"": rows(BLUR)})
    assert [(column.unit, column.better) for column in board.columns] == [("", "higher"), ("arcsec", "higher")]
    fewer = tabulate({"columns": [HALF]}, {"": rows(BLUR, harder="lower")})
    assert fewer.columns[0].better == "lower"


def test_without_records_of_the_curve_a_cell_is_empty() -> None:
    assert [found.n for found in cells([row(0.8)])] == [0, 0]


@given(st.lists(st.floats(0.0, 1.2), min_size=1, max_size=6))
def test_half_lies_between_the_steps_around_the_first_crossing(kept: list[float]) -> None:
    severities = [1.0 + number for number in range(len(kept))]
    half = half_lost(severities, kept, 0.0)
    below = [number for number, value in enumerate(kept) if value <= 0.5]
    if not below:
        assert half == Half(severities[-1], 1)
    else:
        assert (half.side, below[0] <= half.severity <= below[0] + 1) == (0, True)


def test_a_point_survives_the_way_through_a_file(tmp_path: Path) -> None:
    found = rows(BLUR)
    fake.folder(tmp_path, found)
    _, read = read_rows(tmp_path / "records" / "laptop.jsonl")
    assert {one.point for one in read} == {one.point for one in found}


def test_half_needs_to_be_told_what_a_guess_scores() -> None:
    column = {key: value for key, value in HALF.items() if key != "chance"}
    suite = {
        "name": "toy", "version": 1, "title": "toy", "columns": [column],
        "axes": {"dataset": ["lsst_mock"], "domain": ["Y10"], "architecture": ["convnet"], "method": ["source_only"]},
    }  # fmt: skip
    with pytest.raises(SuiteError, match="column 'half' needs chance, the accuracy of a guess"):
        check_suite(suite, "toy.toml")
