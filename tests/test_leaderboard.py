"""From rows to lines and cells: what the table says."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import fake_leaderboard as fake
import numpy as np
import pytest
from astrobench.errors import StoreError
from astrobench.leaderboard import Cell, Column, Leaderboard, Line, build, tabulate
from astrobench.leaderboard.cells import Entry, difference
from astrobench.records import pack_bits, unpack_bits
from astrobench.statistics import Difference, Places, paired_difference
from astrobench.types import Score

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from astrobench.records import Row


def table(rows: Sequence[Row], **suite: object) -> Leaderboard:
    return tabulate({**fake.SUITE, **suite}, {"laptop": rows})


def line(board: Leaderboard, architecture: str, method: str) -> Line:
    return next(x for x in board.lines if (x.architecture, x.method) == (architecture, method))


def cell(board: Leaderboard, architecture: str, method: str, title: str) -> Cell:
    index = [column.title for column in board.columns].index(title)
    return line(board, architecture, method).cells[index]


def scored(row: Row, name: str, score: Score) -> Row:
    return replace(row, scores={**row.scores, name: score})


def without_outcomes(rows: Sequence[Row]) -> list[Row]:
    return [replace(row, correct="", correct_n=0) for row in rows]


def test_one_line_a_method_ordered_by_architecture_then_rank_with_the_oracle_last() -> None:
    board = table(fake.rows())
    assert [(x.architecture, x.method) for x in board.lines] == [
        (architecture, method)
        for architecture in ("ConvNet", "ResNet18")
        for method in ("mmd", "mmd_deepadversaries", "source_only", "target_only")
    ]


def test_methods_that_differ_by_one_point_share_a_rank_and_the_worst_has_its_own() -> None:
    board = table(fake.rows(seeds=(0, 1, 2)))
    assert [line(board, "ConvNet", m).places for m in ("mmd", "mmd_deepadversaries", "source_only")] == [
        Places(1, 2), Places(1, 2), Places(3, 3),
    ]  # fmt: skip


def test_an_oracle_is_never_ranked_though_it_is_the_best() -> None:
    board = table(fake.rows())
    assert line(board, "ConvNet", "target_only").oracle
    assert line(board, "ConvNet", "target_only").places is None


def test_the_order_of_rows_changes_nothing() -> None:
    rows = fake.rows()
    assert table(rows[::-1]) == table(rows)


def test_a_mean_is_over_seeds_with_its_standard_error() -> None:
    rows = fake.rows()
    values = [
        row.scores["ece"].value
        for row in rows
        if (row.architecture, row.method, row.domain, row.perturbation) == ("ConvNet", "mmd", "Y1", "none")
    ]
    found = cell(table(rows), "ConvNet", "mmd", "OOD ECE")
    assert found.mean == pytest.approx(np.mean(values))
    assert found.se == pytest.approx(np.std(values, ddof=1) / math.sqrt(2))
    assert found.n == 2


def test_a_gain_in_accuracy_is_paired_by_image() -> None:
    rows = fake.rows()

    def outcomes(method: str) -> np.ndarray:
        place = ("ConvNet", method, "Y1", "none")
        found = [r for r in rows if (r.architecture, r.method, r.domain, r.perturbation) == place]
        return np.stack([unpack_bits(row.correct, row.correct_n) for row in found])

    expected = paired_difference(outcomes("mmd"), outcomes("source_only"))
    found = cell(table(rows), "ConvNet", "mmd", "OOD gain")
    assert (found.mean, found.se, found.interval) == (expected.value, expected.se, expected.interval())
    assert found.excludes_zero


def test_a_gain_in_a_score_that_is_not_the_mean_of_outcomes_is_paired_by_seed() -> None:
    columns = ({"title": "ECE gain", "score": "ece", "domain": "Y1", "kind": "gain"},)
    rows = fake.rows(seeds=(0, 1, 2))
    found = cell(table(rows, columns=columns), "ConvNet", "mmd", "ECE gain")
    by_seed = {
        (row.method, row.seed): row.scores["ece"].value
        for row in rows
        if (row.architecture, row.domain, row.perturbation) == ("ConvNet", "Y1", "none")
    }
    differences = [by_seed["source_only", seed] - by_seed["mmd", seed] for seed in (0, 1, 2)]
    assert found.mean == pytest.approx(np.mean(differences))  # a lower error is a gain
    assert found.se == pytest.approx(np.std(differences, ddof=1) / math.sqrt(3))


def test_a_gain_uses_the_seeds_that_both_methods_have() -> None:
    rows = [row for row in fake.rows(seeds=(0, 1, 2)) if (row.method, row.seed) != ("source_only", 2)]
    assert cell(table(rows), "ConvNet", "mmd", "OOD gain").n == 2
    assert cell(table(rows), "ConvNet", "mmd", "OOD accuracy").n == 3


def test_outcomes_of_test_sets_of_different_size_are_not_paired_by_image() -> None:
    small = [row for row in fake.rows(images=100) if row.method == "mmd"]
    large = [row for row in fake.rows(images=200) if row.method != "mmd"]
    found = cell(table(small + large), "ConvNet", "mmd", "OOD gain")
    assert found.mean == pytest.approx(0.2)
    assert found.n == 2


def test_outcomes_of_other_images_are_not_paired_by_image_however_many_they_are() -> None:
    same = [replace(row, correct_of="0123", images=fake.N) for row in fake.rows(["ConvNet"])]
    other = [replace(row, correct_of="4567") if row.method == "mmd" else row for row in same]
    column = Column("gain", "accuracy", "Y1", kind="gain")
    assert [paired(found, column).images for found in (fake.rows(["ConvNet"]), same, other)] == [fake.N, fake.N, None]


def paired(found: list[Row], column: Column) -> Difference:
    entries = {name: tuple(row for row in found if row.method == name) for name in ("mmd", "source_only")}
    ours, theirs = (Entry("", "mock", "ConvNet", name, own) for name, own in entries.items())
    difference_of = difference(ours, theirs, column)
    assert difference_of is not None
    return difference_of


def test_objects_of_several_images_widen_a_gain() -> None:
    begins = pack_bits(np.arange(fake.N) % 4 == 0)
    several = [replace(row, objects=begins) for row in fake.rows(["ConvNet"])]
    column = Column("gain", "accuracy", "Y1", kind="gain")
    alone, together = (paired(found, column) for found in (fake.rows(["ConvNet"]), several))
    assert together.value == alone.value
    assert together.parts[1].freedom == fake.N / 4 + 1 < alone.parts[1].freedom


def test_the_reference_has_no_gain_over_itself() -> None:
    found = cell(table(fake.rows()), "ConvNet", "source_only", "OOD gain")
    assert found.is_reference
    assert found.interval is None


def test_without_the_reference_there_is_no_gain() -> None:
    rows = [row for row in fake.rows() if row.method != "source_only"]
    assert math.isnan(cell(table(rows), "ConvNet", "mmd", "OOD gain").mean)


def test_one_seed_is_marked_as_not_covering_seeds_and_is_not_ranked_apart() -> None:
    board = table(fake.rows(seeds=(0,)))
    found = cell(board, "ConvNet", "mmd", "OOD gain")
    assert (found.n, found.covers_seeds, found.excludes_zero) == (1, False, False)
    assert cell(board, "ConvNet", "mmd", "OOD accuracy").se is None
    assert line(board, "ConvNet", "source_only").places == Places(1, 3)


def test_a_failed_cell_is_counted_and_named_with_its_reason() -> None:
    board = table(fake.rows())
    found = cell(board, "ResNet18", "mmd", "attack success")
    assert (found.n, found.n_failed) == (1, 1)
    (trouble,) = board.failures
    assert (trouble.architecture, trouble.method, trouble.what, trouble.count) == ("ResNet18", "mmd", "timeout", 1)
    assert (trouble.reason, trouble.where) == ("no end after 60 s", "Y10 one_pixel; seed 1")


def test_cells_of_one_cause_are_one_line() -> None:
    failed = [
        replace(row, status="oom", reason="too much", scores={}, correct="", correct_n=0)
        for row in fake.rows(("ConvNet",))
        if row.method == "mmd"
    ]
    board = table([row for row in fake.rows(("ConvNet",)) if row.method != "mmd"] + failed)
    (trouble,) = board.failures
    assert trouble.count == 8
    assert trouble.where == "Y1 none, Y1 one_pixel, Y10 none, Y10 one_pixel; seeds 0, 1"
    assert line(board, "ConvNet", "mmd").places is None


def test_a_metric_that_failed_leaves_the_numbers_of_the_others() -> None:
    rows = [
        replace(row, status="plugin_error", reason="metric ece: no", scores={"accuracy": row.scores["accuracy"]})
        if row.method == "mmd"
        else row
        for row in fake.rows(("ConvNet",))
    ]
    board = table(rows)
    assert cell(board, "ConvNet", "mmd", "OOD accuracy").n == 2
    assert cell(board, "ConvNet", "mmd", "OOD ECE").n_failed == 2


def test_a_cell_that_was_not_run_is_missing_rather_than_failed() -> None:
    rows = [
        replace(row, status="missing", reason="not run yet", scores={}, correct="", correct_n=0)
        if row.method == "mmd"
        else row
        for row in fake.rows(("ConvNet",))
    ]
    found = cell(table(rows), "ConvNet", "mmd", "OOD accuracy")
    assert (found.n, found.n_failed) == (0, 0)


def test_a_score_that_is_not_a_number_is_left_out_and_told() -> None:
    board = table(fake.rows())
    found = cell(board, "ConvNet", "mmd", "generations")
    assert (found.n, found.n_undefined, found.n_failed) == (1, 1, 0)
    (trouble,) = board.undefined
    assert (trouble.what, trouble.reason) == ("generations", "no image was flipped")


def test_a_published_number_stands_beside_the_cell_of_its_column() -> None:
    board = table(fake.rows())
    recovered, lost, unknown = board.published
    assert recovered.ours == cell(board, "ResNet18", "source_only", "OOD accuracy")
    assert (lost.value, lost.text) == (None, "not recovered")
    assert (unknown.ours, unknown.column.title) == (Cell(), "JS distance")


def test_a_published_number_without_value_or_text_was_not_recovered() -> None:
    told = ({"architecture": "ResNet18", "method": "mmd", "column": "OOD accuracy", "source": "Table 4"},)
    (one,) = table(fake.rows(), published=told).published
    assert one.text == "not recovered"


def test_rows_of_two_environments_are_marked() -> None:
    rows = [
        replace(row, provenance={**fake.PROVENANCE, "fingerprint": "ffff", "cpu": "AVX2"}) if row.seed else row
        for row in fake.rows()
    ]
    board = table([row for row in rows if row.architecture == "ConvNet" or row.seed == 0])
    assert line(board, "ConvNet", "mmd").environments == ("A", "B")
    assert line(board, "ResNet18", "mmd").environments == ("A",)
    assert [environment.facts.get("cpu") for environment in board.environments] == [None, ("AVX2",)]


def test_a_training_shared_by_many_cells_is_counted_once_in_the_cost() -> None:
    (environment,) = table(fake.rows()).environments
    trainings = 2 * 4 * 2
    assert environment.facts["training time"] == (f"{trainings * 61.5 / 60:.1f} min",)


def test_provenance_names_no_host_and_no_hour() -> None:
    told = {**fake.PROVENANCE, "hostname": "secret", "started": "2026-01-01"}
    (environment,) = table([replace(row, provenance=told) for row in fake.rows()]).environments
    assert not {"hostname", "started"} & environment.facts.keys()


def test_a_regression_is_ranked_by_the_first_column_at_the_rank_cell_that_knows_its_direction() -> None:
    rows = [
        scored(row, "rmse", Score({"mmd": 0.1}.get(row.method, 0.9) + 0.001 * row.seed, better="lower", se=0.001))
        for row in without_outcomes(fake.rows(("ConvNet",), seeds=(0, 1, 2)))
    ]
    columns = (
        {"title": "distance", "score": "latent_distance", "domain": "Y1"},
        {"title": "RMSE", "score": "rmse", "domain": "Y1"},
    )
    board = table(rows, columns=columns)
    assert line(board, "ConvNet", "mmd").places == Places(1, 1)
    assert line(board, "ConvNet", "source_only").places == Places(2, 3)


def test_methods_that_share_a_rank_are_ordered_by_their_mean_where_less_is_better() -> None:
    worth = {"source_only": 0.3, "mmd": 0.2, "mmd_deepadversaries": 0.1, "target_only": 0.0}
    rows = [
        scored(row, "rmse", Score(worth[row.method] + row.seed, better="lower", se=5.0))
        for row in without_outcomes(fake.rows(("ConvNet",)))
    ]
    board = table(rows, columns=({"title": "RMSE", "score": "rmse", "domain": "Y1"},))
    assert [x.method for x in board.lines] == ["mmd_deepadversaries", "mmd", "source_only", "target_only"]


def test_a_method_that_failed_stands_after_the_ranked_ones_and_before_the_oracle() -> None:
    rows = [
        replace(row, method="zzz", status="oom", scores={}, correct="", correct_n=0) if row.method == "mmd" else row
        for row in fake.rows(("ConvNet",))
    ]
    assert [x.method for x in table(rows).lines] == ["mmd_deepadversaries", "source_only", "zzz", "target_only"]


def test_profiles_are_ranked_and_shown_apart() -> None:
    board = tabulate(fake.SUITE, {"laptop": fake.rows(("ConvNet",)), "smoke": fake.rows(("ConvNet",), seeds=(0,))})
    assert [section for section, _ in board.sections] == [("laptop", "lsst_mock"), ("smoke", "lsst_mock")]
    assert [len(lines) for _, lines in board.sections] == [4, 4]


def test_outcomes_that_are_all_wrong_still_rank() -> None:
    wrong = pack_bits(np.zeros(fake.N, dtype=bool))
    rows = [
        replace(row, correct=wrong, scores={"accuracy": Score(0.0, better="higher")}) if row.method == "mmd" else row
        for row in fake.rows(("ConvNet",))
    ]
    assert line(table(rows), "ConvNet", "mmd").places == Places(3, 3)


def test_an_unknown_kind_of_column_names_the_nearest() -> None:
    columns = ({"title": "x", "score": "accuracy", "domain": "Y1", "kind": "gains"},)
    with pytest.raises(StoreError, match=r"column 'x' has kind 'gains'; did you mean 'gain'\? known: curve_mean, gain"):
        table(fake.rows(), columns=columns)


def test_a_synthetic_suite_says_so_in_its_title_once() -> None:
    assert table(fake.rows()).title == "Galaxies that do not exist (synthetic data)"
    assert table(fake.rows(), title="Synthetic maps").title == "Synthetic maps"
    assert table(fake.rows(), synthetic=False).title == "Galaxies that do not exist"


def test_no_rows_make_an_empty_table() -> None:
    assert table([]).lines == ()


def test_build_reads_one_profile_where_it_is_asked_for(tmp_path: Path) -> None:
    fake.folder(tmp_path, fake.rows())
    assert build(tmp_path, "laptop") == build(tmp_path)
    with pytest.raises(StoreError, match="no records of profile 'laptob'; did you mean 'laptop'"):
        build(tmp_path, "laptob")
