"""Images matched by id."""

from __future__ import annotations

import numpy as np
from astrobench_scores.pairing import align, by_id
from hypothesis import given
from hypothesis import strategies as st

some_ids = st.lists(st.text("abcdef0189", min_size=1, max_size=3), max_size=12, unique=True)


def named(prediction, ids):
    """Return a prediction whose latent tells the id, so that a wrong row shows."""
    return prediction(ids=ids, latent=[[hash(name) % 9973, 0] for name in ids] if ids else np.zeros((0, 2)))


@given(some_ids, some_ids, some_ids)
def test_rows_match_the_common_ids_in_sorted_order(prediction, one, two, three):
    aligned = align(*(named(prediction, ids) for ids in (one, two, three)))
    common = sorted(set(one) & set(two) & set(three))
    for part in aligned:
        assert part.ids.tolist() == common
        assert part.latent[:, 0].tolist() == [hash(name) % 9973 for name in common]


def test_facts_follow_their_image(prediction):
    clean = prediction(ids=["a", "b", "c", "d"])
    attacked = prediction(ids=["d", "b"], facts={"success": np.array([True, False])})
    _, aligned = align(clean, attacked)
    assert aligned.ids.tolist() == ["b", "d"]
    assert aligned.facts["success"].tolist() == [False, True]


def test_gram_matrices_do_not_survive_a_change_of_rows(prediction):
    (aligned,) = align(prediction(ids=["b", "a"], grams=np.zeros((1, 1, 2, 2)), layers=("conv",)))
    assert aligned.grams is None


def test_an_id_that_names_two_images_pairs_none_of_them(prediction):
    (one, other) = align(prediction(ids=["a", "b", "b", "c"]), prediction(ids=["c", "b", "a"]))
    assert one.ids.tolist() == other.ids.tolist() == ["a", "c"]


def test_images_of_one_test_set_are_matched_by_row(prediction):
    same = {"test_set": "mine/far", "test_size": 3}
    clean = prediction(ids=["b", "b", "a"], latent=[[0, 0], [1, 0], [2, 0]], rows=np.arange(3), **same)
    some = prediction(ids=["a", "b"], latent=[[2, 0], [1, 0]], rows=np.array([2, 1]), **same)
    one, other = align(clean, some)
    assert one.latent[:, 0].tolist() == other.latent[:, 0].tolist() == [2, 1]
    assert one.rows.tolist() == [2, 1]


def test_sorting_alone_lets_ids_repeat(prediction):
    assert by_id(prediction(ids=["b", "a", "b"])).ids.tolist() == ["a", "b", "b"]
