"""The leaderboard on a terminal, narrow, wide, coloured, and in a log."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import fake_leaderboard as fake
import pytest
from astrobench.leaderboard import Leaderboard, tabulate, terminal
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench.records import Row

GREEN, RED = "\x1b[32m", "\x1b[31m"


def board(rows: Sequence[Row] | None = None, **suite: object) -> Leaderboard:
    return tabulate({**fake.SUITE, **suite}, {"laptop": fake.rows() if rows is None else rows})


def printed(shown: Leaderboard, width: int = 120, *, colour: bool = False, encoding: str = "utf-8") -> str:
    data = io.BytesIO()
    file = io.TextIOWrapper(data, encoding=encoding)
    system = "standard" if colour else None
    Console(file=file, width=width, force_terminal=colour, color_system=system).print(terminal(shown))
    file.flush()
    return data.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut(width: int) -> None:
    told = printed(board(), width)
    assert max(map(len, told.splitlines())) <= width
    assert "…" not in told
    for number in ("75.5 ± 0.5", "+20.0 [15.5, 24.5]", "38.2 (1 of 2 seeds, 1 failed)", "31.1 (1 of 2 seeds)"):
        assert number in told


def test_every_table_of_a_narrow_terminal_names_the_methods() -> None:
    tables = printed(board(), 80).split("rank   method")[1:]
    assert len(tables) > 1
    assert all("mmd_deepadversaries" in table for table in tables)


def test_a_wide_terminal_has_one_table() -> None:
    assert printed(board(), 200).count("rank   method") == 1


def test_the_title_says_synthetic_and_the_section_names_dataset_profile_and_seeds() -> None:
    first, second, *_ = printed(board()).splitlines()
    assert first.strip() == "Galaxies that do not exist (synthetic data)"
    assert second.strip() == "lsst_mock · profile laptop · 2 seeds"


def test_lines_with_fewer_seeds_than_others_say_so() -> None:
    rows = [row for row in fake.rows() if (row.method, row.seed) != ("mmd", 1)]
    told = printed(board(rows), 200)
    assert "2 seeds" not in told.splitlines()[1]
    assert next(line.split()[-1] for line in told.splitlines() if " mmd " in line) == "1"


def test_an_oracle_stands_last_and_is_said_not_to_be_ranked() -> None:
    lines = [line.strip() for line in printed(board(), 200).splitlines()]
    at = lines.index("oracle, not ranked:")
    assert lines[at + 1].startswith("target_only")


def test_only_a_gain_whose_interval_leaves_out_zero_is_coloured() -> None:
    told = printed(board(), 200, colour=True)
    assert f"{GREEN}+20.0 [15.5, 24.5]" in told
    same = {**fake.ACCURACY, "mmd": fake.ACCURACY["source_only"]}
    told = printed(board(fake.rows(("ConvNet",), accuracy=same)), 200, colour=True)
    line = next(line for line in told.splitlines() if " mmd " in line)
    assert GREEN not in line
    assert RED not in line


def test_a_loss_is_red() -> None:
    worse = {**fake.ACCURACY, "mmd": {"Y10": 0.9, "Y1": 0.2}}
    assert f"{RED}\N{MINUS SIGN}35.0" in printed(board(fake.rows(("ConvNet",), accuracy=worse)), 200, colour=True)


def test_one_seed_is_never_coloured_and_always_marked() -> None:
    told = printed(board(fake.rows(("ConvNet",), seeds=(0,))), 200, colour=True)
    assert GREEN not in told
    assert "75.0 (1 seed)" in told


def test_failures_and_undefined_numbers_are_named_below() -> None:
    told = printed(board())
    assert "failed: ResNet18, mmd: 1 cell, timeout: no end after 60 s (Y10 one_pixel; seed 1)" in told
    assert "undefined: ConvNet, mmd: 1 cell, generations: no image was flipped (Y10 one_pixel; seed 1)" in told


def test_many_kinds_of_failure_are_cut_short() -> None:
    rows = [
        replace(row, status="crashed", reason=f"reason {number}", scores={}, correct="", correct_n=0)
        for number, row in enumerate(fake.rows(("ConvNet",)))
    ]
    told = printed(board(rows))
    assert told.count("failed: ConvNet") == 8
    assert "failed: and 24 more kinds, see README.md" in told


def test_published_numbers_stand_beside_ours() -> None:
    (line,) = (line for line in printed(board()).splitlines() if "42.9" in line)
    assert line.split("  ") != []
    assert "55.5 ± 0.5" in line


def test_environments_are_marked_where_there_are_two() -> None:
    rows = [replace(row, provenance={"fingerprint": str(row.seed)}) for row in fake.rows()]
    told = printed(board(rows), 200)
    assert "mmd [A B]" in told
    assert "different fingerprints" in told


def test_a_log_has_no_escape_codes() -> None:
    assert "\x1b" not in printed(board())


def test_a_terminal_that_knows_ascii_alone_gets_ascii() -> None:
    told = printed(board(), encoding="ascii")
    assert "75.5 +/- 0.5" in told
    assert "1-2" in told


def test_a_suite_without_columns_shows_who_was_run() -> None:
    assert "mmd_deepadversaries" in printed(board(columns=(), published=()))
