"""Names that want to be more than names, in every format that they reach: each is parsed back, and is a name."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import fake_leaderboard as fake
import pytest
from astrobench.errors import AstrobenchError, SuiteError
from astrobench.leaderboard import picture, tabulate, terminal, texts
from astrobench.leaderboard.escape import plain, spreadsheet
from astrobench.records import Header, read_rows, write_rows
from astrobench.suite import read_suite
from markdown_it import MarkdownIt
from rich.console import Console

from fuzz.parsers import SUITE

if TYPE_CHECKING:
    from pathlib import Path

    from astrobench.leaderboard import Leaderboard

NAMES = {
    "script": "<script>alert(1)</script>", "handler": "\"><img src=x onerror=alert(1)>", "entity": "&lt;b&gt;&#x3c;",
    "link": "[x](javascript:alert(1))", "picture": "![x](http://evil.example/y.png)", "address": "http://evil.example",
    "cells": "a|b||c", "code": "`code` ```", "emphasis": "**bold** _it_ ~~no~~", "heading": "# heading",
    "item": "- item", "rule": "---", "formula": "=1+1", "command": "+cmd|' /C calc'!A0", "sum": "@SUM(A1)",
    "minus": "-2+3", "wide formula": "\uff1dHYPERLINK(1)", "colour": "\x1b[31mred\x1b[0m", "eight-bit": "\x9b2J",
    "title": "\x1b]0;owned\x07", "lines": "a\r\nb\nc\u2028d", "bidi": "\u202egnp.exe", "invisible": "zero\u200bwidth",
    "markup": "[red]markup[/red] [link=http://evil]x[/link]", "climb": "../../../etc/passwd", "nul": "a\x00b",
}  # fmt: skip
FEW = {name: fake.ACCURACY[name] for name in ("source_only", "mmd")}
ROWS = fake.rows(("ConvNet",), seeds=(0,), accuracy=FEW, images=20)
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


@cache
def board(name: str) -> Leaderboard:
    rows = [replace(row, method=name) if row.method == "mmd" else row for row in ROWS]
    return tabulate(fake.SUITE, {"laptop": rows})


def structure(page: str) -> list[str]:
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(page)
    return [
        inner.type for token in tokens for inner in (token, *(token.children or ())) if inner.type != "text_special"
    ]


def test_there_are_26() -> None:
    assert len(NAMES) == 26


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_markdown_has_the_structure_that_a_plain_name_gives(name: str) -> None:
    page, sound = texts(board(name))["README.md"], texts(board("harmless"))["README.md"]

    assert structure(page) == structure(sound)
    assert "\x1b" not in page
    assert "\u202e" not in page


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_csv_has_one_field_and_no_formula(name: str) -> None:
    lines = list(csv.reader(io.StringIO(texts(board(name))["table.csv"])))
    assert len({len(line) for line in lines}) == 1
    assert sum(line[3] == spreadsheet(name) for line in lines) == 1
    assert not any(field[:1] in ("=", "@", "\t", "\r", "\uff1d") for line in lines for field in line)
    assert not any(field[:1] in "+-" and not _is_number(field) for line in lines for field in line if field)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_the_picture_holds_text_and_shapes_only(name: str) -> None:
    drawn, sound = (ElementTree.fromstring(picture(board(one), one)) for one in (name, "harmless"))
    tags = {element.tag.rpartition("}")[2] for element in sound.iter()}
    assert {element.tag.rpartition("}")[2] for element in drawn.iter()} <= tags
    assert "script" not in tags
    for element in drawn.iter():
        assert not any(key.lower().startswith("on") for key in element.attrib)
        assert not any("javascript" in value.lower() for key, value in element.items() if "href" in key)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_no_escape_code_of_a_name_reaches_the_terminal(name: str) -> None:
    console = Console(file=io.StringIO(), width=160, force_terminal=True)
    console.print(terminal(board(name)))
    shown = ESCAPES.sub("", console.file.getvalue())  # type: ignore[attr-defined]
    assert all(letter.isprintable() or letter == "\n" for letter in shown)
    assert "\u202e" not in shown


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_json_gives_the_name_back_and_stays_one_line(name: str, tmp_path: Path) -> None:
    row = replace(ROWS[0], method=name, reason=name)
    write_rows(tmp_path / "a.jsonl", Header(fake.SUITE, name, name), [row])
    text = (tmp_path / "a.jsonl").read_bytes().decode("ascii")
    assert text.count("\n") == 2
    assert json.loads(text.splitlines()[1])["method"] == name
    header, (read,) = read_rows(tmp_path / "a.jsonl")
    assert (header.profile, read.method, read.reason) == (name, name, name)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_a_message_that_quotes_a_name_is_one_line_without_codes(name: str) -> None:
    told = str(SuiteError(f"no dataset {name}: want another"))
    assert told.isprintable()
    assert len(str(AstrobenchError(name * 10_000))) <= 2010


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_what_is_shown_of_a_name_is_the_name_without_what_hides() -> None:
    assert plain(NAMES["colour"]) == "�[31mred�[0m"


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "a/b", "..", ".", "CON", "x" * 300, "a\n", "a\x00b", "-rf", "~", ""]
)
def test_no_name_of_a_suite_or_a_profile_leads_out_of_its_folder(name: str, tmp_path: Path) -> None:
    told = json.dumps(name)
    for text in (SUITE.replace('"fuzzed"', told), SUITE.replace("profiles.quick", f"profiles.{told}")):
        assert text != SUITE
        (tmp_path / "suite.toml").write_text(text)
        with pytest.raises(SuiteError, match="name"):
            read_suite(tmp_path / "suite.toml")
