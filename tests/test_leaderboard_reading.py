"""Which files of records may stand in one table, and which are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import fake_leaderboard as fake
import pytest
from astrobench.errors import StoreError
from astrobench.leaderboard.reading import read_records
from astrobench.records import Header, write_rows
from astrobench.types import Score

if TYPE_CHECKING:
    from pathlib import Path

ROWS = fake.rows(("ConvNet",))


def test_files_of_different_seeds_are_read_as_one(tmp_path: Path) -> None:
    for seed in (0, 1):
        fake.folder(tmp_path, [row for row in ROWS if row.seed == seed], name=f"seed{seed}")
    records = read_records(tmp_path)
    assert len(records.rows["laptop"]) == len(ROWS)
    assert [source.name for source in records.sources] == ["seed0.jsonl", "seed1.jsonl"]


def test_a_cell_that_stands_twice_with_the_same_numbers_counts_once(tmp_path: Path) -> None:
    fake.folder(tmp_path, ROWS, name="a")
    fake.folder(tmp_path, [replace(row, provenance={"fingerprint": "other"}) for row in ROWS], name="b")
    assert len(read_records(tmp_path).rows["laptop"]) == len(ROWS)


def test_a_cell_with_two_different_numbers_is_refused_and_both_files_are_named(tmp_path: Path) -> None:
    fake.folder(tmp_path, ROWS, name="a")
    other = replace(ROWS[0], scores={**ROWS[0].scores, "ece": Score(0.5)})
    fake.folder(tmp_path, [other], name="b")
    place = "lsst_mock / Y10 / ConvNet / source_only / none / seed 0"
    with pytest.raises(StoreError, match=f"records/a.jsonl and records/b.jsonl give different numbers for {place}"):
        read_records(tmp_path)


def test_the_same_undefined_number_in_two_files_is_no_difference(tmp_path: Path) -> None:
    undefined = replace(ROWS[0], scores={"ece": Score(float("nan"), note="nothing")})
    fake.folder(tmp_path, [undefined], name="a")
    fake.folder(tmp_path, [undefined], name="b")
    assert len(read_records(tmp_path).rows["laptop"]) == 1


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_a_cell_that_was_run_again_replaces_its_failure(tmp_path: Path, names: tuple[str, str]) -> None:
    failed = replace(ROWS[0], status="timeout", reason="slow", scores={}, correct="", correct_n=0)
    fake.folder(tmp_path, [failed], name=names[0])
    fake.folder(tmp_path, [ROWS[0]], name=names[1])
    assert [row.status for row in read_records(tmp_path).rows["laptop"]] == ["ok"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"version": 2}, r"differ in version \(1, 2\)"),
        ({"limit": 200}, r"differ in limit of profile 'laptop' \(null, 200\)"),
        ({"training": {"epochs": 3}}, "differ in training of profile 'laptop'"),
        ({"columns": ({"title": "ID accuracy", "score": "f1", "domain": "Y10"},)}, "differ in column 'ID accuracy'"),
        ({"axes": {"method": ({"label": "mmd", "params": {"weight": 2}},)}}, "differ in method 'mmd' of profile"),
    ],
)
def test_one_name_for_two_things_is_refused(tmp_path: Path, change: dict[str, object], told: str) -> None:
    axes = {"method": ({"label": "mmd", "params": {"weight": 1}},)}
    fake.folder(tmp_path, ROWS, name="a", axes=axes)
    fake.folder(tmp_path, ROWS, name="b", **{"axes": axes, **change})
    with pytest.raises(StoreError, match=rf"records/a\.jsonl and records/b\.jsonl {told}"):
        read_records(tmp_path)


def test_a_file_of_other_methods_stands_beside_the_first(tmp_path: Path) -> None:
    fake.folder(tmp_path, ROWS[:4], name="a", axes={"method": ({"label": "source_only", "params": {}},)})
    fake.folder(tmp_path, ROWS[4:], name="b", axes={"method": ({"label": "mmd", "params": {}},)})
    assert len(read_records(tmp_path).rows["laptop"]) == len(ROWS)


def test_profiles_with_their_own_budget_are_kept_apart(tmp_path: Path) -> None:
    fake.folder(tmp_path, ROWS, training={"epochs": 20})
    smoke = Header({**fake.SUITE, "training": {"epochs": 1}}, "smoke", "astrobench run --profile smoke")
    write_rows(tmp_path / "records" / "smoke.jsonl", smoke, ROWS[:2])
    assert {name: len(rows) for name, rows in read_records(tmp_path).rows.items()} == {"laptop": len(ROWS), "smoke": 2}


def test_a_folder_without_records_says_what_it_expected(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no records in .*records: expected \*\.jsonl"):
        read_records(tmp_path)


@pytest.mark.parametrize("damage", [b"\xff\xfe\x00", b"", b"not json\n", b'{"header": {}}\n'])
def test_a_file_that_is_not_records_is_named(tmp_path: Path, damage: bytes) -> None:
    fake.folder(tmp_path, ROWS)
    (tmp_path / "records" / "bad.jsonl").write_bytes(damage)
    with pytest.raises(StoreError, match=r"bad\.jsonl"):
        read_records(tmp_path)
