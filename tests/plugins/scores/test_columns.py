"""Names of columns."""

from __future__ import annotations

from astrobench_scores.columns import columns
from hypothesis import given
from hypothesis import strategies as st


def test_dots_and_spaces_become_dashes():
    assert columns(["layer1.0.conv", "edge on", "barred_spiral"]) == ("layer1-0-conv", "edge-on", "barred_spiral")


def test_a_reserved_word_is_never_taken():
    assert columns(["conv", "diag"], reserved=["diag"]) == ("conv-0", "diag-1")


@given(st.lists(st.text(max_size=5), max_size=8, unique=True), st.lists(st.text("abc_", max_size=4), max_size=3))
def test_columns_are_different_whatever_the_names(names, reserved):
    words = columns(names, reserved)
    assert len(set(words)) == len(names)
    assert not set(words) & set(reserved)
