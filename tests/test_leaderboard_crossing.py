"""Trained on each domain, tested on each; published numbers and ranks that belong to one dataset alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import fake_leaderboard as fake
import pytest
from astrobench.errors import StoreError
from astrobench.leaderboard import Leaderboard, render, tabulate
from astrobench.leaderboard.crosspage import crosses
from astrobench.leaderboard.wording import DASH
from astrobench.statistics import Places
from astrobench.types import Score

TO, BACK = "Y10 to Y1", "Y1 to Y10"
CROSS = {
    "trained": {"Y10": TO, "Y1": BACK},
    "tested": ["Y10", "Y1"],
    "scores": [
        {"title": "Accuracy", "score": "accuracy", "percent": True},
        {"title": "ECE", "score": "ece"},
    ],
}
SWAPPED = {method: {"Y10": of["Y1"], "Y1": of["Y10"]} for method, of in fake.ACCURACY.items()}


def rows(seeds: tuple[int, ...] = (0, 1), **back: Any) -> list:
    """Return both directions of one architecture, unperturbed, with intervals of ± 0.05 and, on seed 1, ± 0.1."""
    found = [replace(row, dataset=TO) for row in fake.rows(("ConvNet",), seeds)]
    found += [replace(row, dataset=BACK) for row in fake.rows(("ConvNet",), seeds, SWAPPED, **back)]
    return [_spread(row) for row in found if row.perturbation == "none"]


def _spread(row):
    half, value = (0.1 if row.seed else 0.05), row.scores["accuracy"].value
    score = replace(row.scores["accuracy"], interval=(value - half, value + half))
    return replace(row, scores={**row.scores, "accuracy": score})


def board(found: list, **suite: Any) -> Leaderboard:
    axes = {"method": [{"label": name} for name in ("source_only", "mmd", "mmd_deepadversaries", "target_only")]}
    return tabulate({**fake.SUITE, "axes": axes, "cross": CROSS, **suite}, {"laptop": found})


def test_every_method_has_a_row_for_each_domain_it_was_trained_on_and_tested_on() -> None:
    found = board(rows()).cross
    places = [(row.method, row.trained, row.tested) for row in found]
    assert places == [
        (method, trained, tested)
        for method in ("source_only", "mmd", "mmd_deepadversaries")  # the suite's order; the oracle is left out
        for trained in ("Y10", "Y1")
        for tested in ("Y10", "Y1")
    ]


def test_rows_stand_in_the_order_of_the_columns_though_records_sort_their_keys(tmp_path) -> None:
    cross = {**CROSS, "trained": {"Y1": BACK, "Y10": TO}}
    found = board(rows(), cross=cross).cross
    places = [(row.trained, row.tested) for row in found[:4]]
    assert places == [(trained, tested) for trained in ("Y10", "Y1") for tested in ("Y10", "Y1")]


def test_a_cell_is_the_mean_over_seeds_of_the_dataset_that_trained_on_the_domain() -> None:
    known = rows()
    row = next(r for r in board(known).cross if (r.method, r.trained, r.tested) == ("mmd", "Y1", "Y10"))
    values = [r.scores["accuracy"].value for r in known if (r.method, r.dataset, r.domain) == ("mmd", BACK, "Y10")]
    mean = sum(values) / 2
    assert row.cells[0].mean == pytest.approx(mean)
    assert row.cells[0].se == pytest.approx(abs(values[0] - values[1]) / 2)
    assert row.cells[0].interval == pytest.approx((mean - 0.075, mean + 0.075))
    assert row.cells[1].interval is None  # no seed gives one for this score


def test_an_interval_that_one_seed_lacks_is_not_shown() -> None:
    known = rows()
    bare = [
        r if r.seed else replace(r, scores={**r.scores, "accuracy": replace(r.scores["accuracy"], interval=None)})
        for r in known
    ]
    assert all(row.cells[0].interval is None for row in board(bare).cross)


def test_a_method_that_ran_one_way_only_is_not_crossed() -> None:
    known = [row for row in rows() if (row.method, row.dataset) != ("mmd", BACK)]
    assert {row.method for row in board(known).cross} == {"source_only", "mmd_deepadversaries"}


def test_a_failed_cell_is_named_as_failed() -> None:
    known = [
        replace(row, status="timeout", scores={}, correct="", correct_n=0)
        if (row.method, row.dataset, row.domain) == ("mmd", TO, "Y1")
        else row
        for row in rows()
    ]
    page = "\n".join(crosses(board(known)))
    assert "| mmd | Y10 | 88.5 ± 0.5 [81.0, 96.0] | failed |" in page


def test_the_page_shows_the_matrix_and_every_score() -> None:
    page = list(crosses(board(rows())))
    assert page[0] == "## Trained on, tested on"
    assert "| Method | Trained on | Tested on Y10 | Tested on Y1 |" in page[3]
    assert "| source_only | Y1 | 55.5 ± 0.5 [48.0, 63.0] | 90.5 ± 0.5 [83.0, 98.0] |" in page[3]
    assert "| Method | Trained → tested | Accuracy (%) ↑ | ECE ↓ |" in page[5]
    assert len(page[5].splitlines()) == 2 + 3 * 2 * 2


def test_without_a_cross_table_in_the_suite_the_page_has_none() -> None:
    plain = board(rows(), cross=None)
    assert plain.cross == ()
    assert list(crosses(plain)) == []


def rendered(folder) -> str:
    """Render a folder and return its page."""
    render(folder)
    return (folder / "README.md").read_text(encoding="utf-8")


def test_names_in_a_cross_table_cannot_break_the_page(tmp_path) -> None:
    bad = [replace(row, method="<b>|x" if row.method == "mmd" else row.method) for row in rows()]
    text = rendered(fake.folder(tmp_path, bad, cross=CROSS, axes={}))
    assert "<b>" not in text
    assert "| \\<b\\>\\|x | Y10 |" in text or "&lt;b&gt;" in text


def test_a_published_number_of_one_dataset_stands_beside_that_dataset_alone() -> None:
    told = {"architecture": "ConvNet", "method": "mmd", "column": "OOD accuracy", "value": 0.5, "source": "talk"}
    found = board(rows(), published=[{**told, "dataset": BACK}, told]).published
    assert [one.dataset for one in found] == [BACK, BACK, TO]
    assert found[0].ours.mean == pytest.approx(0.885, abs=0.01)  # of the dataset whose source is Y1


def test_a_published_number_may_stand_beside_a_cell_of_the_cross_table(tmp_path) -> None:
    told = {"architecture": "ConvNet", "method": "mmd", "dataset": BACK, "source": "talk", "column": "Accuracy"}
    known = [{**told, "domain": "Y10", "value": 0.56, "text": "± 2"}, {**told, "domain": "Y1", "column": "AUC"}]
    found = board(rows(), published=known).published
    assert [one.column.title for one in found] == ["Accuracy, Y1 → Y10", "AUC, Y1 → Y1"]
    assert found[0].ours.mean == pytest.approx(0.755)
    assert found[1].ours.n == 0  # the cross table has no such score
    text = rendered(fake.folder(tmp_path, rows(), published=known, cross=CROSS))
    assert "| mmd (Y1 to Y10, laptop) | Accuracy, Y1 → Y10 (%) | 75.5 ± 0.5 | 56.0 (± 2) | talk |" in text
    assert f"| AUC, Y1 → Y1 | {DASH} | not recovered | talk |" in text


def test_a_published_number_of_a_dataset_that_was_not_run_says_which() -> None:
    told = {"architecture": "ViT", "method": "mmd", "column": "OOD accuracy", "value": 0.5, "source": "talk"}
    (one,) = board(rows(), published=[{**told, "dataset": BACK}]).published
    assert (one.dataset, one.ours.n) == (BACK, 0)


def test_a_dataset_may_rank_at_a_domain_of_its_own() -> None:
    known = rows((0, 1, 2))
    same, turned = board(known), board(known, rank={"domain": "Y1", "of": {BACK: "Y10"}})

    def ranked(found: Leaderboard, dataset: str) -> dict[str, Places | None]:
        return {line.method: line.places for line in found.lines if line.dataset == dataset}

    assert ranked(same, TO) == ranked(turned, TO)
    assert ranked(turned, BACK)["source_only"] == Places(3, 3)  # worst at Y10, where it was not trained
    assert ranked(same, BACK)["source_only"] != Places(3, 3)


def test_the_page_says_where_each_dataset_is_ranked(tmp_path) -> None:
    text = rendered(fake.folder(tmp_path, rows(), rank={"domain": "Y1", "of": {BACK: "Y10"}}))
    assert "tested on Y1 (Y10 where the dataset is “Y1 to Y10”), paired" in " ".join(text.split())


def test_scores_that_are_not_numbers_are_undefined() -> None:
    lost = Score(float("nan"), note="all images are of one class", better="lower")
    known = [replace(row, scores={**row.scores, "ece": lost}) for row in rows()]
    assert "undefined" in list(crosses(board(known)))[5]


@pytest.mark.parametrize(
    "cross",
    [
        [CROSS],
        {**CROSS, "trained": {"Y10": 3}},
        {**CROSS, "tested": [["Y10"]]},
        {**CROSS, "scores": ["accuracy"]},
        {**CROSS, "scores": [{"title": "Accuracy"}]},
        {"trained": CROSS["trained"]},
    ],
)
def test_a_stranger_s_cross_table_of_another_form_is_one_sentence(tmp_path, cross: Any) -> None:
    with pytest.raises(StoreError, match="is not a record") as caught:
        render(fake.folder(tmp_path, rows(), cross=cross))
    assert "\n" not in str(caught.value)
