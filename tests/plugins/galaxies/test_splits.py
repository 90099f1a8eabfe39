"""What splitting promises: shares kept in every stratum, and draws that depend on seed and ids alone."""

from __future__ import annotations

from collections import Counter

import pytest
from astrobench_galaxies.splits import apportioned, split_by_id
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (100, (70, 10, 20)),
        (21, (15, 2, 4)),
        (6, (4, 1, 1)),
        (4, (2, 1, 1)),
        (3, (1, 1, 1)),
        (1, (1, 0, 0)),
        (0, (0, 0, 0)),
    ],
)
def test_shares_are_rounded_by_largest_remainder(total: int, expected: tuple[int, ...]) -> None:
    assert tuple(apportioned(total, {"train": 0.7, "valid": 0.1, "test": 0.2}).values()) == expected


@given(st.integers(0, 10_000))
def test_counts_sum_to_the_total_and_none_is_empty(total: int) -> None:
    counts = apportioned(total, {"train": 0.7, "valid": 0.1, "test": 0.2})
    assert sum(counts.values()) == total
    assert total < 3 or min(counts.values()) >= 1


def test_every_stratum_is_cut_by_the_shares() -> None:
    strata = {f"{kind}{number}": kind for kind, size in (("a", 100), ("b", 50)) for number in range(size)}
    splits = split_by_id(strata, seed=3)
    counts = Counter((strata[name], split) for name, split in splits.items())
    assert [counts["a", split] for split in ("train", "valid", "test")] == [70, 10, 20]
    assert [counts["b", split] for split in ("train", "valid", "test")] == [35, 5, 10]


def test_the_draw_ignores_order_and_other_strata() -> None:
    strata = {f"a{number}": "a" for number in range(30)}
    alone = split_by_id(strata, seed=1)
    among = split_by_id({**{f"b{number}": "b" for number in range(9)}, **dict(reversed(strata.items()))}, seed=1)
    assert alone == {name: among[name] for name in strata}


def test_another_seed_draws_otherwise() -> None:
    strata = {str(number): "a" for number in range(30)}
    assert split_by_id(strata, seed=1) != split_by_id(strata, seed=2)
