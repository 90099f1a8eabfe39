"""What the table of races says: ratios round by round, goals met, and what did not run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from performance.table import Row, absent, alone, by_cost, by_rate, markdown

if TYPE_CHECKING:
    from pathlib import Path


def test_a_ratio_is_the_median_of_the_rounds_own_ratios_and_more_is_better() -> None:
    cost = by_cost("race", "ours", "peer", [1.0, 2.0, 4.0], [10.0, 10.0, 12.0], unit="s")
    assert (cost.ours, cost.ratio, cost.ratio_low, cost.ratio_high) == (2.0, 5.0, 3.0, 10.0)
    rate = by_rate("race", "ours", "peer", [10.0, 30.0], [5.0, 10.0], unit="1/s")
    assert (rate.ours, rate.ratio, rate.ratio_low, rate.ratio_high) == (20.0, 2.5, 2.0, 3.0)


@pytest.mark.parametrize(
    ("goal", "met"),
    [("≥ 20×", True), ("≥ 20.1×", False), ("≤ 0.5 s", True), ("≤ 1e-6", False), ("≤ 0.49 s", False), ("", None)],
)
def test_a_goal_with_a_cross_speaks_of_the_ratio_and_any_other_of_the_figure(goal: str, met: bool | None) -> None:
    assert Row("race", "ours", "peer", 0.5, "s", ratio=20.0, goal=goal).met is met


def test_a_goal_is_neither_met_nor_missed_by_what_did_not_run() -> None:
    assert Row("race", "ours", "peer", None, "s", goal="≤ 1 s").met is None
    assert Row("race", "ours", "peer", 1.0, "s", goal="≥ 2×").met is None


def test_a_goal_that_cannot_be_judged_is_refused() -> None:
    with pytest.raises(ValueError, match="is no goal"):
        _ = Row("race", "ours", "peer", 1.0, "s", goal="fast").met


def test_a_peer_that_is_not_installed_is_a_row_that_says_so() -> None:
    assert 'not installed: pip install -e ".[performance]"' in markdown([absent("race", "peer")])


def test_the_table_names_a_goal_that_is_missed() -> None:
    met, missed = markdown([alone("race", "ours", [1.0], unit="s", goal=goal) for goal in ("≤ 2 s", "≤ 0.5 s")])[
        -200:
    ].splitlines()[-2:]
    assert "| yes |" in met
    assert "| **no** |" in missed


def test_a_race_that_did_not_run_keeps_what_was_published(tmp_path: Path) -> None:
    from performance.publishing import publish

    publish({"old": [Row("old", "ours", "peer", 1.0, "s")], "new": [Row("new", "ours", "peer", 1.0, "s")]}, 5, tmp_path)
    publish({"new": [Row("new", "ours", "peer", 3.0, "s")]}, 7, tmp_path)
    kept = json.loads((tmp_path / "rows.json").read_text(encoding="utf-8"))
    assert [race["rows"][0]["ours"] for race in kept.values()] == [1.0, 3.0]
    assert [race["origin"]["command"][-1] for race in kept.values()] == ["5", "7"]
    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert page.count("| ours |") == 2


def test_the_readme_shows_the_goals_as_they_were_last_measured() -> None:
    from performance.publishing import BLOCK, BOARD, HOME, goals

    kept = json.loads((BOARD / "rows.json").read_text(encoding="utf-8"))
    rows = [Row(**body) for race in kept.values() for body in race["rows"]]
    assert BLOCK.findall((HOME / "README.md").read_text(encoding="utf-8")) == [goals(rows)]
