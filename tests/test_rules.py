"""Which epochs are kept, and which one a rule picks."""

from __future__ import annotations

import math

from astrobench.rules import RULES, VALIDATORS, highest, picks
from astrobench.training.selection import kept_epochs
from hypothesis import given
from hypothesis import strategies as st


def test_epochs_are_spread_evenly_and_end_with_the_last() -> None:
    assert kept_epochs(60, 10) == (5, 11, 17, 23, 29, 35, 41, 47, 53, 59)
    assert kept_epochs(8, 10) == (0, 2, 3, 5, 7)
    assert kept_epochs(2, 10) == (0, 1)
    assert kept_epochs(60, 1) == (59,)


@given(st.integers(1, 500), st.integers(1, 50))
def test_never_more_epochs_are_kept_than_there_are_or_than_were_asked_for(epochs: int, most: int) -> None:
    kept = kept_epochs(epochs, most)
    assert len(set(kept)) == len(kept) <= min(epochs, most)
    assert list(kept) == sorted(kept)
    assert kept[0] >= 0
    assert kept[-1] == epochs - 1


def test_the_highest_value_is_picked_the_first_of_equals_and_never_a_nan() -> None:
    assert highest({5: 0.5, 3: 0.9, 7: 0.9}) == 3
    assert highest({1: math.nan, 2: -1.0, 3: None}) == 2
    assert highest({1: math.nan}) is None


def test_a_validator_without_a_number_falls_back_on_the_last_epoch() -> None:
    found = picks([1, 4, 9], 4, {"snd": [0.3, 0.1, 0.2], "dev": [math.nan, None, math.nan]})
    assert found == {"last": 9, "source_valid": 4, "snd": 1, "dev": 9}


def test_every_rule_has_one_name() -> None:
    assert len(set(RULES)) == len(RULES) == 2 + len(VALIDATORS)
