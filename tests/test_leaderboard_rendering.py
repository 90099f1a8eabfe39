"""table.csv and README.md: the same bytes from the same records, without torch and without plugins."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import fake_leaderboard as fake
import pytest
from astrobench.errors import StoreError
from astrobench.leaderboard import build, render
from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from pathlib import Path

RENDER = """
import sys
from pathlib import Path
from astrobench.leaderboard import build, render, terminal
from rich.console import Console
render(Path(sys.argv[1]))
Console(width=100).print(terminal(build(Path(sys.argv[1]))))
heavy = {"torch", "pandas", "sklearn", "galsim"} & set(sys.modules)
plugins = [name for name in sys.modules if name.startswith("astrobench_")]
assert not heavy and not plugins, (heavy, plugins)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fake.folder(tmp_path / "fake", fake.rows())


def tables(page: str) -> list[list[list[str]]]:
    """The tables of a page, as a Markdown parser reads them: rows of plain texts."""
    found: list[list[list[str]]] = []
    within = False
    for token in MarkdownIt("commonmark").enable("table").parse(page):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in ("td_open", "th_open"):
            within = True
        elif token.type == "inline" and within:
            within = False
            found[-1][-1].append("".join(child.content for child in token.children or ()))
    return found


def test_the_page_holds_a_line_a_method_as_a_parser_reads_it(folder: Path) -> None:
    render(folder)
    board, *_ = tables((folder / "README.md").read_text(encoding="utf-8"))
    assert board[0][:3] == ["Architecture", "Rank", "Method"]
    assert board[0][3:6] == ["ID accuracy (%) ↑", "OOD accuracy (%) ↑", "OOD gain (pp) ↑"]
    assert [row[:3] for row in board[1:5]] == [
        ["ConvNet", "1\N{EN DASH}2", "mmd"],
        ["ConvNet", "1\N{EN DASH}2", "mmd_deepadversaries"],
        ["ConvNet", "3", "source_only"],
        ["ConvNet", "oracle, not ranked", "target_only"],
    ]
    assert {len(row) for row in board} == {11}


def test_the_page_tells_numbers_with_their_uncertainty(folder: Path) -> None:
    render(folder)
    board, published, *_ = tables((folder / "README.md").read_text(encoding="utf-8"))
    mmd = board[5]
    assert mmd[:3] == ["ResNet18", "1\N{EN DASH}2", "mmd"]
    assert mmd[4] == "75.5 ± 0.5"
    assert mmd[5] == "+20.0 [15.5, 24.5]"
    assert mmd[8] == "38.2 (1 of 2 seeds, 1 failed)"
    assert board[3][5] == "reference"
    assert published[1] == ["ResNet18", "source_only", "OOD accuracy (%)", "55.5 ± 0.5", "42.9",
                            "Ćiprijanović et al. 2022, DAold[40]"]  # fmt: skip
    assert published[2][4] == "not recovered"
    assert published[3][3:5] == ["\N{EN DASH}", "0.25 (about)"]


@pytest.mark.parametrize(
    "told",
    [
        "# Galaxies that do not exist (synthetic data)",
        "astrobench run --suite fake --profile laptop",
        "astrobench render leaderboards/fake",
        "- lsst_mock, ResNet18, mmd: 1 cell, timeout: no end after 60 s (Y10 one_pixel; seed 1)",
        "- lsst_mock, ConvNet, mmd: 1 cell, generations: no image was flipped (Y10 one_pixel; seed 1)",
        "- **ID accuracy** (accuracy at Y10, none; higher is better): ten-year images",
        "| commit | 388d88612345 with uncommitted changes |",
        "| torch | 2.14.1 |",
        "tested on Y1 none",
    ],
)
def test_the_page_says_where_the_numbers_come_from_and_what_went_wrong(folder: Path, told: str) -> None:
    render(folder)
    assert told in " ".join((folder / "README.md").read_text(encoding="utf-8").split("\n")).replace("  ", " ")


def test_a_cell_that_only_failed_says_failed(tmp_path: Path) -> None:
    failed = [
        replace(row, status="oom", reason="x", scores={}, correct="", correct_n=0) if row.method == "mmd" else row
        for row in fake.rows(("ConvNet",))
    ]
    render(fake.folder(tmp_path, failed))
    board = tables((tmp_path / "README.md").read_text(encoding="utf-8"))[0]
    assert [row[3:] for row in board if row[2] == "mmd"] == [["failed"] * 7 + ["2"]]


def test_environments_are_a_column_only_where_there_are_two(tmp_path: Path, folder: Path) -> None:
    mixed = [replace(row, provenance={"fingerprint": str(row.seed)}) for row in fake.rows()]
    render(fake.folder(tmp_path / "mixed", mixed))
    render(folder)
    one, two = (tables((f / "README.md").read_text(encoding="utf-8"))[0] for f in (folder, tmp_path / "mixed"))
    assert "Environment" not in one[0]
    assert [row[-1] for row in two] == ["Environment", *["A B"] * 8]


def test_the_csv_holds_fractions_that_can_be_computed_with(folder: Path) -> None:
    render(folder)
    with (folder / "table.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    board = build(folder)
    mmd = next(line for line in lines if (line["architecture"], line["method"]) == ("ConvNet", "mmd"))
    assert float(mmd["OOD accuracy"]) == pytest.approx(0.755)
    assert float(mmd["OOD gain low"]) == pytest.approx(board.lines[0].cells[2].interval[0], rel=1e-5)  # type: ignore[index]
    assert (mmd["best_rank"], mmd["worst_rank"], mmd["seeds"]) == ("1", "2", "0 1")
    assert (mmd["generations"][:4], mmd["generations se"], mmd["generations n"]) == ("31.0", "", "1")
    assert [line["oracle"] for line in lines] == ["false", "false", "false", "true"] * 2


def test_the_files_have_unix_line_ends_and_end_in_one(folder: Path) -> None:
    render(folder)
    for name in ("table.csv", "README.md"):
        data = (folder / name).read_bytes()
        assert b"\r" not in data
        assert data.endswith(b"\n")
        assert not data.endswith(b"\n\n")


def test_the_same_records_give_the_same_bytes_anywhere(folder: Path, tmp_path: Path) -> None:
    render(folder)
    first = [(folder / name).read_bytes() for name in ("table.csv", "README.md")]
    other = fake.folder(tmp_path / "elsewhere" / "fake", fake.rows()[::-1])
    strange = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C", "COLUMNS": "40"}
    subprocess.run([sys.executable, "-c", RENDER, str(other)], check=True, env=strange, capture_output=True)
    assert [(other / name).read_bytes() for name in ("table.csv", "README.md")] == first


def test_check_is_content_with_what_was_rendered(folder: Path) -> None:
    render(folder)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    render(folder, check=True)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


@pytest.mark.parametrize("name", ["table.csv", "README.md"])
def test_check_names_the_file_that_is_stale_or_missing(folder: Path, name: str) -> None:
    render(folder)
    (folder / name).write_text("by hand", encoding="utf-8")
    with pytest.raises(StoreError, match=rf"{name} is stale, .*run `astrobench render"):
        render(folder, check=True)
    (folder / name).unlink()
    with pytest.raises(StoreError, match=rf"{name} is missing: run"):
        render(folder, check=True)


def test_a_folder_that_cannot_be_written_is_one_sentence(folder: Path) -> None:
    (folder / "table.csv").mkdir()
    with pytest.raises(StoreError, match=r"cannot write .*table\.csv\): Is a directory"):
        render(folder)


def test_an_empty_sweep_renders(tmp_path: Path) -> None:
    render(fake.folder(tmp_path, []))
    assert "No records yet." in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_ten_thousand_cells_render_in_seconds(tmp_path: Path) -> None:
    methods = {"source_only": fake.ACCURACY["source_only"]}
    methods |= {f"m{i}": {"Y10": 0.9, "Y1": 0.5 + 0.01 * i} for i in range(1, 25)}
    rows = fake.rows(["a"], range(5), methods, images=64)
    fake.folder(tmp_path, [replace(row, architecture=f"a{i}") for i in range(20) for row in rows])
    begin = time.process_time()
    render(tmp_path)
    assert time.process_time() - begin < 10  # about 2 s; the margin is for slow and shared machines
