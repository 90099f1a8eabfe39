"""JSON of strangers: what Python's reader would take and a leaderboard must not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fake_leaderboard as fake
import pytest
from astrobench.errors import StoreError
from astrobench.records import Header, read_rows, write_rows
from astrobench.strict import DEEPEST, LARGEST_FILE, LARGEST_LINE, parsed

if TYPE_CHECKING:
    from collections.abc import Callable

ROW = fake.rows(("ConvNet",), seeds=(0,), images=20)[0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("NaN", "NaN is not JSON"),
        ('{"a": -Infinity}', "-Infinity is not JSON"),
        ("[1e999]", "'1e999' is too large for a number"),
        ('{"a": 1, "b": {"a": 1, "a": 2}}', "'a' is there twice"),
        ('["\\ud800"]', "half a surrogate pair"),
        ("9" * 5000, "4300 digits"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "nested more than 32 deep"),
        ('{"a":' * 100_000, "nested more than 32 deep"),
        ('"' + "a" * LARGEST_LINE + '"', "1,048,578 characters, allowed are 1,048,576"),
        ("{'a': 1}", "Expecting property name"),
        ("", "Expecting value"),
    ],
)
def test_what_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        parsed(text)


@pytest.mark.parametrize("body", [None, True, -0.0, 1e308, "\U0001f30c", [[]] * 40, {"a": {"b": [1, 2.5, "c"]}}])
def test_what_json_says_is_what_is_read(body: Any) -> None:
    assert parsed(json.dumps(body)) == body


def test_a_file_that_is_too_large_is_not_even_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    monkeypatch.setattr(Path, "read_text", None)
    with pytest.raises(StoreError, match=r"268,435,457 bytes, allowed are 268,435,456"):
        read_rows(path)


def changed(change: Callable[[dict[str, Any], dict[str, Any]], object], path: Path) -> Path:
    """Write a sound file of records whose header and row were changed."""
    write_rows(path, Header(fake.SUITE, "laptop", "astrobench run"), [ROW])
    header, row = map(json.loads, path.read_text().splitlines())
    change(header, row)
    path.write_text(f"{json.dumps(header)}\n{json.dumps(row)}\n")
    return path


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda _, row: row.update(seed=True), r"a:2 is not a record: 'seed' is True, expected int"),
        (lambda _, row: row.update(method=["mmd"]), r"'method' is \['mmd'\], expected str"),
        (lambda _, row: row.pop("status"), "it has no 'status'"),
        (lambda _, row: row.update(method="m" * 501), "'method' has 501 characters, allowed are 500"),
        (lambda _, row: row.update(scores={"accuracy": 1}), "1 is no table"),
        (lambda _, row: row["scores"]["accuracy"].update(value="1"), "'value' is '1', expected int or float"),
        (lambda _, row: row["scores"]["accuracy"].update(better="up"), "'up' is no way"),
        (lambda _, row: row["scores"]["accuracy"].update(interval=[0.5]), "the ends of an interval are not two"),
        (lambda _, row: row.update(correct="//"), "a:2 is not a record: Incorrect padding"),
        (lambda _, row: row.update(correct_n=2000), "'correct' has 3 bytes, 2000 images take 250"),
        (lambda _, row: row.update(correct_n=-1), "'correct_n' is -1, expected a number of images"),
        (lambda _, row: row.update(surprise=1), "surprise"),
        (lambda header, _: header.pop("header"), "a:1 is not a record: it has no 'header'"),
        (lambda header, _: header["header"].update(suite=[]), r"'suite' is \[\], expected dict"),
        (lambda header, _: header["header"]["suite"].update(columns=[3]), "3 is no table"),
        (lambda header, _: header["header"]["suite"].update(axes={"dataset": 1}), "'dataset' is 1, expected list"),
        (lambda header, _: header["header"]["suite"].update(axes={"method": [True]}), "True is no table"),
        (lambda header, _: header["header"]["suite"].update(axes={"method": ["mmd"]}), "'mmd' is no table"),
        (lambda header, _: header["header"]["suite"].update(axes={"seed": [True]}), "'seed' is True, expected int"),
        (lambda header, _: header["header"]["suite"].update(axes={"domain": [1]}), "'domain' is 1, expected str"),
        (lambda header, _: header["header"]["suite"].update(rank={"perturbation": "none"}), "it has no 'domain'"),
    ],
)  # fmt: skip
def test_a_row_or_header_of_another_form_is_one_sentence(change: Any, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=sentence):
        read_rows(changed(change, tmp_path / "a"))
