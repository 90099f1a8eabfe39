"""What a leaderboard shows of a suite that names no columns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import fake_leaderboard as fake
from astrobench.leaderboard import build
from astrobench.leaderboard.defaults import MOST_COLUMNS
from astrobench.types import Score

if TYPE_CHECKING:
    from pathlib import Path

    from astrobench.leaderboard import Leaderboard
    from astrobench.records import Row

AXES: dict[str, Any] = {
    "dataset": [{"plugin": "lsst_mock", "label": "lsst_mock"}],
    "domain": ["Y10", "Y1"],
    "perturbation": [{"plugin": "none", "label": "none"}, {"plugin": "one_pixel", "label": "one_pixel"}],
}
TITLES = [
    "Accuracy (Y10)", "Accuracy (Y1)", "Accuracy gain (Y1)", "Accuracy (Y10, one_pixel)", "Accuracy (Y1, one_pixel)",
    "ECE (Y10)", "ECE (Y1)",
]  # fmt: skip


def board(folder: Path, rows: list[Row], **suite: Any) -> Leaderboard:
    return build(fake.folder(folder, rows, **{"axes": AXES, "columns": (), "rank": None, "published": (), **suite}))


def test_a_suite_without_columns_shows_accuracy_gain_and_calibration_and_is_ranked_on_its_target(tmp_path: Path):
    plain = board(tmp_path / "plain", fake.rows())
    assert [column.title for column in plain.columns] == TITLES
    named = board(tmp_path / "named", fake.rows(), columns=fake.COLUMNS, rank={"domain": "Y1"})
    by_title = {column.title: number for number, column in enumerate(named.columns)}
    same = {"Accuracy (Y10)": "ID accuracy", "Accuracy (Y1)": "OOD accuracy", "Accuracy gain (Y1)": "OOD gain"}
    for ours, theirs in zip(plain.lines, named.lines, strict=True):
        assert ours.places == theirs.places
        for title, other in same.items():
            assert ours.cells[TITLES.index(title)] == theirs.cells[by_title[other]]
    assert all(cell.n for line in plain.lines for cell in line.cells[:5])


def test_the_source_of_a_dataset_that_trains_on_another_domain_gets_a_gain_too(tmp_path: Path):
    both = [{"plugin": "a", "label": "a"}, {"plugin": "a", "label": "b", "source": "Y1"}]
    titles = [column.title for column in board(tmp_path, fake.rows(), axes={**AXES, "dataset": both}).columns]
    assert [title for title in titles if "gain" in title] == ["Accuracy gain (Y10)", "Accuracy gain (Y1)"]


def test_a_regression_shows_its_r2_and_a_metric_of_ones_own_the_first_scores_that_it_gives(tmp_path: Path):
    def scored(**scores: float) -> list[Row]:
        body = {name: Score(value, better="higher") for name, value in scores.items()}
        return [replace(row, scores=body, correct="", correct_n=0) for row in fake.rows() if row.status == "ok"]

    titles = [column.title for column in board(tmp_path / "r2", scored(r2=0.5, chi2=1.0, bias=0.0)).columns]
    assert titles[:3] == ["R² (Y10)", "R² (Y1)", "R² gain (Y1)"]
    assert titles[-2:] == ["χ² (Y10)", "χ² (Y1)"]
    own = board(tmp_path / "own", scored(b=2.0, a=1.0, d=4.0, c=3.0))
    assert [column.title for column in own.columns][:3] == ["a (Y10)", "a (Y1)", "a gain (Y1)"]
    assert len(own.columns) == MOST_COLUMNS
    assert own.lines[0].cells[0].mean == 1.0


def test_unperturbed_images_may_have_any_label(tmp_path: Path):
    clean = {**AXES, "perturbation": [{"plugin": "none", "label": "clean"}, *AXES["perturbation"][1:]]}
    rows = [replace(row, perturbation="clean") if row.perturbation == "none" else row for row in fake.rows()]
    for name, suite in (("columns", {"columns": fake.COLUMNS, "rank": {"domain": "Y1"}}), ("defaults", {})):
        plain = board(tmp_path / name, fake.rows(), **suite)
        labelled = board(tmp_path / f"{name}-clean", rows, axes=clean, **suite)
        assert [line.cells for line in labelled.lines] == [line.cells for line in plain.lines]
        assert [line.places for line in labelled.lines] == [line.places for line in plain.lines]
