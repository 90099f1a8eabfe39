"""Names that would like to be more than names."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING

import fake_leaderboard as fake
import pytest
from astrobench.leaderboard import tabulate, terminal, texts
from astrobench.leaderboard.escape import fenced, markdown, plain, spreadsheet
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console

if TYPE_CHECKING:
    from markdown_it.token import Token

NAMES = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;b&gt;", "[x](javascript:alert(1))", "![x](y)",
    "a|b", "`code`", "``` fence", "**bold**", "_emphasis_", "mmd_deepadversaries", "~~gone~~", "# heading", "> quote",
    "- item", "+ item", "1. item", "2) item", "---", "===", "***", "http://evil.example", "www.evil.example",
    "a@evil.example", "$x^2$", ":smile:", "\\", "\\|", "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)",
    "\uff1d1+1", "[red]markup[/red]", "[link=http://evil]x[/link]", "{braces}", "88.5 ± 0.4", "+20.0 [1, 2]",
)  # fmt: skip
HIDDEN = (
    "\x1b[31mred\x1b[0m",
    "a\rb",
    "a\nb",
    "tab\there",
    "\u202egnp.exe",
    "zero\u200bwidth",
    "\x00",
    "\x9b31m",
    "\ud800",
)

ROWS = fake.rows(("ConvNet",), seeds=(0,), images=20)


def shown(tokens: list[Token]) -> str:
    return "".join(child.content for token in tokens if token.type == "inline" for child in token.children or ())


@pytest.mark.parametrize("name", NAMES)
def test_markdown_shows_a_name_letter_by_letter(name: str) -> None:
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown(name))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert {child.type for child in tokens[1].children or ()} <= {"text", "text_special"}
    assert shown(tokens) == name


@given(st.text(max_size=30))
def test_markdown_shows_any_text_as_the_text_without_what_cannot_be_seen(text: str) -> None:
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown(text))
    assert {token.type for token in tokens} <= {"paragraph_open", "inline", "paragraph_close"}
    assert shown(tokens) == plain(text)


@pytest.mark.parametrize("name", ["http://evil.example", "www.evil.example", "a@evil.example", "mailto:a@b.c"])
def test_no_text_is_taken_for_an_address(name: str) -> None:
    assert not any(part in markdown(name) for part in ("http:", "www.", "mailto:", "a@"))


@pytest.mark.parametrize("name", HIDDEN)
def test_what_cannot_be_seen_is_replaced(name: str) -> None:
    told = plain(name)
    assert told.isprintable()
    assert "\n" not in told


def test_ordinary_names_stay_readable_in_the_source_of_the_page() -> None:
    assert markdown("timm:convnext_tiny (λ=0.01, n=3)") == "timm\\:convnext_tiny (λ=0.01, n=3)"
    assert markdown("88.5") == "88.5"


@pytest.mark.parametrize("name", ["```\n# out", "`````", "x"])
def test_a_code_block_cannot_be_closed_from_within(name: str) -> None:
    (token,) = MarkdownIt("commonmark").parse(fenced(name))
    assert token.type == "fence"
    assert token.content == plain(name) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_no_spreadsheet_takes_a_name_for_a_formula(name: str) -> None:
    told = spreadsheet(name)
    assert told[0] not in "=+-@\uff1d\uff0b\uff0d\uff20"
    assert told.removeprefix("'") == name.removeprefix("'")


@pytest.mark.parametrize("name", [*NAMES, *HIDDEN])
def test_a_hostile_method_stays_one_line_everywhere(name: str) -> None:
    rows = [replace(row, method=name) if row.method == "mmd" else row for row in ROWS]
    board = tabulate(fake.SUITE, {"laptop": rows})
    files = texts(board)
    lines = list(csv.reader(io.StringIO(files["table.csv"])))
    assert sum(line[3] == spreadsheet(name) for line in lines) == 1
    tokens = MarkdownIt("commonmark").enable("table").parse(files["README.md"])
    assert sum(token.type == "inline" and shown([token]) == plain(name) for token in tokens) == 1
    console = Console(file=io.StringIO(), width=120, force_terminal=True)
    console.print(terminal(board))
    assert plain(name) in console.file.getvalue().replace("\x1b[0m", "")  # type: ignore[attr-defined]
