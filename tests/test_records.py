"""A score that is written reads back the same, interval and all; what is not finite is left out."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import fake_leaderboard as fake
import pytest
from astrobench import records
from astrobench.leaderboard import build
from astrobench.records import read_rows, score_from_plain, score_to_plain
from astrobench.types import Score

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "score",
    [Score(0.5), Score(0.5, "nat", "lower", 0.1, 9, "few"), Score(0.5, better="higher", interval=(0.25, 0.75))],
)
def test_a_score_reads_back_the_same(score: Score) -> None:
    assert score_from_plain(json.loads(json.dumps(score_to_plain(score)))) == score


def test_an_interval_that_does_not_exist_is_left_out() -> None:
    body = score_to_plain(Score(math.nan, note="no images", interval=(math.nan, math.nan)))
    assert body == {"value": None, "note": "no images"}


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        ({"provenance": {"seconds": math.nan}}, "Out of range float values are not JSON compliant"),
        ({"checkpoints": {"picked": [], "values": {}}}, "checkpoints are not a table"),
        ({"correct": "////", "correct_n": 3}, "'correct' has 3 bytes, 3 images take 1"),
        ({"provenance": {"note": "\udcff"}}, "it holds half a surrogate pair"),
    ],
)
def test_a_row_that_the_reader_would_refuse_costs_no_other_row(
    tmp_path: Path, harm: dict[str, Any], sentence: str
) -> None:
    sound = sorted(fake.rows(), key=lambda row: row.identity)
    whole = fake.folder(tmp_path / "sound", sound) / "records" / "laptop.jsonl"
    path = fake.folder(tmp_path, [replace(sound[0], **harm), *sound[1:]]) / "records" / "laptop.jsonl"
    assert path.read_text().splitlines()[2:] == whole.read_text().splitlines()[2:]
    first, *_ = read_rows(path)[1]
    assert (first.identity, first.status) == (sound[0].identity, "invalid_result")
    assert first.reason.startswith(f"its row cannot be recorded: {sentence}")
    assert build(tmp_path).failures[0].reason == first.reason


def test_words_of_a_plugin_are_recorded_as_a_terminal_shows_them(tmp_path: Path) -> None:
    row = replace(fake.rows()[0], status="plugin_error", reason="no file \udcff\x1b", problems={"mine": "\ud800"})
    (kept,) = read_rows(fake.folder(tmp_path, [row]) / "records" / "laptop.jsonl")[1]
    assert (kept.reason, kept.problems) == ("no file ��", {"mine": "�"})


def test_a_file_too_large_to_be_read_keeps_the_scores_that_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [replace(row, scores={**row.scores, "extra": Score(0.5, note="n" * 400)}) for row in fake.rows()]
    monkeypatch.setattr(records, "LARGEST_FILE", 300 * len(rows))
    kept = read_rows(fake.folder(tmp_path, rows) / "records" / "laptop.jsonl")[1]
    assert {"extra" in row.scores for row in kept} == {False}
    shown = {row.identity: {n: repr(s) for n, s in row.scores.items() if n != "extra"} for row in rows}
    assert {row.identity: {n: repr(s) for n, s in row.scores.items()} for row in kept} == shown
    assert all("1 scores left out: all scores of the suite take" in row.problems[records.RECORDS] for row in kept)
