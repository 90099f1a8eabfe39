"""A metric that clashes, floods, fails or returns nonsense, through the real engine: it costs its own columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from astrobench.cli.running import write_records
from astrobench.leaderboard import build, render, terminal
from astrobench.records import read_rows
from rich.console import Console

from integrity.clumsy import sweep

if TYPE_CHECKING:
    from pathlib import Path

    from astrobench.engine import Sweep
    from astrobench.records import Row

COLUMNS = [
    {"title": "Accuracy", "score": "accuracy", "domain": "B", "percent": True},
    {"title": "Own", "score": "its_own", "domain": "B"},
]
CLASH = "'accuracy' and 1 more left out: metric {!r}, which stands before it in the suite, gives that score too"
NONSENSE = {
    "nothing": "it returns NoneType, expected a mapping from name to astrobench.Score",
    "list": "it returns list, expected a mapping",
    "number": "'a' is float, expected astrobench.Score",
    "text": "the value of 'a' is str '0.5', expected a number",
    "bool": "the value of 'a' is bool 'True', expected a number",
    "way": "'up' is no way, expected higher or lower or None",
    "name": "'3' is no name of a score: expected 1 to 200 printable characters",
    "long": "expected 1 to 200 printable characters",
    "note": "the note of 'a' has 10,000 characters, expected text of 500 at most",
    "interval": "the ends of an interval are not two numbers",
    "count": "the n of 'a' is -3, expected a number of images",
    "huge": "OverflowError: int too large to convert to float",
    "exits": "SystemExit: 3",
    "surrogate": "ValueError: no file ��[31m",
}


def scored(root: Path, metrics: list[Any], **over: Any) -> tuple[Sweep, tuple[Row, ...]]:
    planned = sweep(root, metrics=metrics, columns=COLUMNS, rank={"domain": "B"}, **over)
    return planned, planned.run()


def published(planned: Sweep, rows: tuple[Row, ...], folder: Path) -> str:
    """Write records and page as a run does; return the page. What is written can be read."""
    path = write_records(planned.plan, rows, folder)
    render(folder)
    assert [row.identity for row in read_rows(path)[1]] == sorted(row.identity for row in rows)
    return (folder / "README.md").read_text(encoding="utf-8")


def accuracies(rows: tuple[Row, ...]) -> dict[Any, Any]:
    return {row.identity: (row.status, row.scores.get("accuracy"), row.correct) for row in rows}


def test_of_two_metrics_that_give_one_score_the_first_in_the_suite_has_it(
    predicted: Path, honest: Path, tmp_path: Path
) -> None:
    planned, rows = scored(predicted, ["classification", "clashes"])
    assert accuracies(rows) == accuracies(sweep(honest).rows())
    assert {row.scores["its_own"].value for row in rows} == {0.99}
    assert {tuple(row.problems.items()) for row in rows} == {(("clashes", CLASH.format("classification")),)}
    page = published(planned, rows, tmp_path / "board")
    assert "8 cells, metric clashes: 'accuracy' and 1 more left out: metric 'classification'" in page.replace("\\", "")
    _, turned = scored(predicted, ["clashes", "classification"])
    assert {row.scores["accuracy"].value for row in turned} == {0.99}
    assert {tuple(row.problems.items()) for row in turned} == {(("classification", CLASH.format("clashes")),)}
    assert [row.correct for row in turned] == [row.correct for row in rows]


def test_the_same_holds_for_two_metrics_of_one_distribution(predicted: Path) -> None:
    again = {"plugin": "clashes", "label": "again"}
    _, rows = scored(predicted, ["clashes", again])
    told = "'accuracy' and 2 more left out: metric 'clashes', which stands before it in the suite, gives that score too"
    assert {tuple(row.problems.items()) for row in rows} == {(("again", told),)}
    assert {score.value for row in rows for score in row.scores.values()} == {0.99}


def test_what_is_no_score_costs_the_columns_of_its_metric(predicted: Path, honest: Path, tmp_path: Path) -> None:
    metrics = [{"plugin": "nonsense", "label": kind, "params": {"kind": kind}} for kind in NONSENSE]
    planned, rows = scored(predicted, [*metrics, "numpy_s", "classification"])
    assert accuracies(rows) == accuracies(sweep(honest).rows())
    for kind, sentence in NONSENSE.items():
        assert all(sentence in row.problems[kind] for row in rows), rows[0].problems[kind]
    half = rows[0].scores["half"]
    assert (half.value, half.se, half.n, half.interval, half.note) == (0.5, 0.5, 3, (0.5, 0.5), "a�b")
    page = published(planned, rows, tmp_path / "board")
    assert "## Scores left out" in page
    assert "## Failed cells" not in page


def test_a_flood_of_scores_costs_the_metric_alone(predicted: Path, honest: Path, tmp_path: Path) -> None:
    planned, rows = scored(predicted, ["floods", "classification"])
    assert accuracies(rows) == accuracies(sweep(honest).rows())
    told = "it gives 20,000 scores of one cell, allowed are 1,000: summarise them"
    assert {row.problems["floods"] for row in rows} == {told}
    assert all("x1" not in row.scores for row in rows)
    assert told in published(planned, rows, tmp_path / "board").replace("\\", "")


def test_a_row_too_large_to_be_read_keeps_what_the_leaderboard_shows(predicted: Path, tmp_path: Path) -> None:
    many = [
        {"plugin": "floods", "label": f"f{n}", "params": {"scores": 1000, "letters": n}} for n in (190, 191, 192, 193)
    ]
    planned, rows = scored(predicted, [*many, "classification"])
    assert {len(row.scores) > 4000 for row in rows} == {True}
    page = published(planned, rows, tmp_path / "board")
    kept = read_rows(tmp_path / "board" / "records" / "run.jsonl")[1]
    assert {tuple(row.scores) for row in kept} == {("accuracy",)}
    assert accuracies(kept) == accuracies(rows)
    assert "scores left out: the whole row cannot be recorded: it has" in page


def test_a_column_whose_score_nobody_gives_is_named_with_the_nearest(predicted: Path, tmp_path: Path) -> None:
    columns = [{"title": "Right", "score": "acuracy", "domain": "B"}, {"title": "Odd", "score": "zzz", "domain": "B"}]
    planned = sweep(predicted, metrics=["classification"], columns=columns)
    page = published(planned, planned.run(), tmp_path / "board").replace("\\", "")
    assert "column 'Right': no metric of the suite gives 'acuracy'; did you mean 'accuracy'" in page
    assert "column 'Odd': no metric of the suite gives 'zzz'; known: accuracy, " in page
    assert "| no such score | no such score |" in page
    console = Console(width=200, record=True)
    console.print(terminal(build(tmp_path / "board")))
    assert "no metric of the suite gives 'acuracy'; did you mean 'accuracy'" in console.export_text()


def test_a_metric_that_dies_costs_the_numbers_of_its_distribution_alone(predicted: Path, honest: Path) -> None:
    planned = sweep(predicted, in_process=False, metrics=["dies", "classification"], axes={"perturbation": ["none"]})
    rows = planned.run()
    there = accuracies(sweep(honest).rows())
    assert accuracies(rows) == {row.identity: there[row.identity] for row in rows}
    assert all("signal SIGKILL" in row.problems["metrics of clumsy-lab"] for row in rows)
