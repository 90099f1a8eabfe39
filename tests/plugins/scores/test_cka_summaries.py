"""What one number says of a matrix of CKA, in closed form."""

from __future__ import annotations

import numpy as np
import pytest
from astrobench_scores.cka_summaries import early_late, effective_rank, likeness, off_diagonal, third

GRADED = np.array([[1.0, 0.9, 0.5, 0.1], [0.9, 1.0, 0.6, 0.2], [0.5, 0.6, 1.0, 0.7], [0.1, 0.2, 0.7, 1.0]])


def test_all_layers_alike_and_all_distinct_are_the_two_ends():
    for layers in (2, 5, 21):
        alike, distinct = np.ones((layers, layers)), np.eye(layers)
        assert [off_diagonal(alike), early_late(alike), effective_rank(alike)] == pytest.approx([1, 1, 1])
        assert [off_diagonal(distinct), early_late(distinct), effective_rank(distinct)] == pytest.approx([0, 0, layers])
        assert likeness(alike, distinct) == 0
        assert likeness(alike, alike) == 1


def test_the_mean_is_over_pairs_and_the_corner_over_thirds():
    assert off_diagonal(GRADED) == pytest.approx((0.9 + 0.5 + 0.1 + 0.6 + 0.2 + 0.7) / 6)
    assert early_late(GRADED) == pytest.approx((0.5 + 0.1 + 0.6 + 0.2) / 4)
    assert [third(layers) for layers in (1, 3, 4, 15, 21)] == [1, 1, 2, 5, 7]


def test_two_blocks_have_an_effective_rank_of_two():
    assert effective_rank(np.kron(np.eye(2), np.ones((3, 3)))) == pytest.approx(2)


def test_the_effective_rank_of_two_layers_is_that_of_a_coin():
    """Eigenvalues 1 ± c, so shares (1 ± c)/2."""
    c = 0.6
    shares = np.array([1 + c, 1 - c]) / 2
    assert effective_rank(np.array([[1, c], [c, 1]])) == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))


def test_likeness_counts_each_pair_once():
    other = GRADED.copy()
    other[0, 3] = other[3, 0] = 0.7
    assert likeness(GRADED, other) == pytest.approx(1 - 0.6 / 6)


def test_many_matrices_are_summarised_at_once():
    both = np.stack([GRADED, np.eye(4)])
    for of in (off_diagonal, early_late, effective_rank):
        assert of(both) == pytest.approx([float(of(GRADED)), float(of(np.eye(4)))])
