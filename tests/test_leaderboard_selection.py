"""Two tables of model selection, from made-up checkpoints whose numbers can be worked out by hand."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import fake_leaderboard as fake
import pytest
from astrobench.errors import StoreError
from astrobench.leaderboard import build, terminal, texts
from astrobench.leaderboard.correlation import rank_correlation
from astrobench.leaderboard.wording import NOTHING
from astrobench.records import read_rows
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from scipy.stats import spearmanr

if TYPE_CHECKING:
    from pathlib import Path

    from astrobench.leaderboard.selection import Selection
    from astrobench.records import Row

ACCURACY = {"source_only": [0.5, 0.6, 0.4], "mmd": [0.7, 0.8, 0.9], "mmd_deepadversaries": [0.7, 0.65, 0.75]}
UPRIGHT = {"source_only": 0.0, "mmd": 10.0, "mmd_deepadversaries": 5.0}


def checkpoints(method: str, seed: int) -> dict[str, Any]:
    """Three epochs. "good" orders epochs as accuracy does, "bad" the other way round; the suite takes the first."""
    accuracy = [value + 0.02 * seed for value in ACCURACY.get(method, [0.1, 0.1, 0.1])]
    return {
        "epochs": [1, 3, 5], "rule": "source_valid", "n": 150, "accuracy": accuracy,
        "picked": {"last": 5, "source_valid": 1, "good": [1, 3, 5][accuracy.index(max(accuracy))],
                   "bad": [1, 3, 5][accuracy.index(min(accuracy))]},
        "values": {"source_valid": [0.9, 0.9, 0.9], "good": accuracy, "bad": [-a for a in accuracy[:2]] + [None]},
    }  # fmt: skip


def told(row: Row) -> Row:
    there = (row.domain, row.perturbation, row.architecture) == ("Y1", "none", "ConvNet")
    return replace(row, checkpoints=checkpoints(row.method, row.seed)) if there else row


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fake.folder(tmp_path, [told(row) for row in fake.rows()])


@pytest.fixture
def one(folder: Path) -> Selection:
    (found,) = build(folder).selections
    return found


def test_a_method_has_its_last_epoch_the_suite_s_pick_the_oracle_and_the_regret(one: Selection) -> None:
    by_method = {line.method: line for line in one.chosen}
    line = by_method["mmd"]
    assert (line.rule, line.architecture) == ("source_valid", "ConvNet")
    assert line.last.value == pytest.approx(0.91)  # seeds 0 and 1: 0.90 and 0.92
    assert line.picked.value == pytest.approx(0.71)
    assert line.oracle.value == pytest.approx(0.91)
    assert line.regret.value == pytest.approx(0.20)
    assert line.regret.se == pytest.approx(0.0, abs=1e-12)
    assert line.last.se == pytest.approx(0.01)
    assert by_method["source_only"].regret.value == pytest.approx(0.1)
    assert (one.domain, one.images, one.trainings) == ("Y1", (150, 150), 6)


def test_an_oracle_method_judges_no_rule(one: Selection) -> None:
    assert "target_only" not in {line.method for line in one.chosen}


def test_rules_stand_in_the_order_of_their_correlation_and_those_without_one_at_the_end(one: Selection) -> None:
    assert [line.rule for line in one.judged] == ["good", "bad", "last", "source_valid"]
    good, bad, last, valid = one.judged
    assert good.across.value == pytest.approx(1)
    assert good.regret.value == 0
    assert bad.across.value == pytest.approx(-1)
    assert bad.within.value == pytest.approx(-1)
    assert math.isnan(last.across.value)
    assert math.isnan(valid.across.value)  # the same value at every epoch orders none
    assert last.picked.value == pytest.approx(sum(a[2] for a in ACCURACY.values()) / 3 + 0.01)


def test_correlation_across_methods_is_not_that_within_a_training(tmp_path: Path) -> None:
    """A rule that knows the methods apart but orders the epochs of each the wrong way round."""

    def blind(row: Row) -> Row:
        row = told(row)
        if not row.checkpoints or row.oracle:
            return row
        accuracy = row.checkpoints["accuracy"]
        values = {**row.checkpoints["values"], "good": [UPRIGHT[row.method] - a for a in accuracy]}
        return replace(row, checkpoints={**row.checkpoints, "values": values})

    (one,) = build(fake.folder(tmp_path, map(blind, fake.rows()))).selections
    good = next(line for line in one.judged if line.rule == "good")
    pooled = [(UPRIGHT[m] - a, a) for m, values in ACCURACY.items() for a in values]
    assert good.within.value == pytest.approx(-1)
    assert good.across.value == pytest.approx(spearmanr(*zip(*pooled, strict=True)).statistic)


def test_the_page_says_both_tables_and_sets_what_needs_labels_in_italics(folder: Path) -> None:
    page = texts(build(folder))["README.md"]
    assert "## Model selection without target labels" in page
    assert "| ConvNet | mmd | 91.0 ± 1.0 | 71.0 ± 1.0 | *91.0 ± 1.0* | *20.0 ± 0.0* |" in page
    assert "| good | 1.00 ± 0.00 | 1.00 ± 0.00 |" in page
    assert f"| last | {NOTHING} | {NOTHING} |" in page
    assert "150 of the test images" in page


def test_the_terminal_shows_the_same_with_the_oracle_in_grey(folder: Path) -> None:
    console = Console(file=io.StringIO(), width=160, force_terminal=True, color_system="standard", legacy_windows=False)
    console.print(terminal(build(folder)))
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    (line,) = [line for line in shown.splitlines() if "20.0 ± 0.0" in line]
    assert "\x1b[2m" in line[: line.index("20.0 ± 0.0")]
    assert "71.0 ± 1.0" in line


def test_records_without_checkpoints_have_no_such_table(tmp_path: Path) -> None:
    board = build(fake.folder(tmp_path, fake.rows()))
    assert board.selections == ()
    assert "Model selection" not in texts(board)["README.md"]


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        ({"accuracy": [0.5, 0.6]}, "do not fit their epochs"),
        ({"accuracy": [0.5, None, 0.6]}, "do not fit their epochs"),
        ({"picked": {"last": 99, "source_valid": 1}}, "do not fit their epochs"),
        ({"values": []}, "not a table"),
        ({"rule": "none"}, "no pick of their rule 'none'"),
    ],
)
def test_records_that_were_tampered_with_are_refused_by_line(
    tmp_path: Path, harm: dict[str, Any], sentence: str
) -> None:
    path = fake.folder(tmp_path, [told(row) for row in fake.rows()]) / "records" / "laptop.jsonl"
    head, *lines = path.read_text().splitlines()
    tampered = json.loads(lines[1]) | {"checkpoints": {**checkpoints("mmd", 0), **harm}}
    path.write_text("\n".join([head, lines[0], json.dumps(tampered), *lines[2:]]))
    with pytest.raises(StoreError, match=rf"laptop\.jsonl:3 is not a record: .*{sentence}"):
        read_rows(path)


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=20))
def test_rank_correlation_is_scipy_s(pairs: list[tuple[int, int]]) -> None:
    a, b = ([float(value) for value in column] for column in zip(*pairs, strict=True))
    found = rank_correlation(a, b)
    if len(set(a)) > 1 and len(set(b)) > 1:
        assert found == pytest.approx(float(spearmanr(a, b).statistic), abs=1e-12)
    else:
        assert math.isnan(found)
