"""Which images a distance is taken on, and the distance."""

from __future__ import annotations

import numpy as np
import pytest
from astrobench_scores.moves import measure_moves


def attacked(prediction, ids, success, latent=None):
    latent = np.zeros((len(ids), 2)) if latent is None else latent
    return prediction(ids=ids, latent=latent, facts={"success": np.array(success, bool)})


def test_the_distance_is_euclidean_and_by_id(prediction):
    clean = prediction(ids=["a", "b"], latent=[[0, 0], [1, 1]])
    twin = prediction(ids=["b", "a"], latent=[[1, 2], [3, 4]])
    (lengths,), fault, _ = measure_moves((clean, twin))
    assert lengths.tolist() == [5, 1]
    assert fault == ""


def test_only_what_was_flipped_for_both_counts(prediction):
    clean = prediction(ids=list("abcd"), latent=np.zeros((4, 2)))
    one = attacked(prediction, list("abc"), [1, 1, 0], [[1, 0], [2, 0], [3, 0]])
    other = attacked(prediction, list("bcd"), [1, 1, 1], [[0, 5], [0, 6], [0, 7]])
    these, those = measure_moves((clean, one), (clean, other)).lengths
    assert (these.tolist(), those.tolist()) == ([2], [5])


def test_all_attacked_images_count_when_asked(prediction):
    clean = prediction(ids=list("abc"))
    (lengths,), _, _ = measure_moves((clean, attacked(prediction, list("ab"), [1, 0])), flipped_only=False)
    assert len(lengths) == 2


def test_distances_are_taken_in_double_precision(prediction):
    clean, twin = prediction(ids=["a"], latent=[[1, 0]]), prediction(ids=["a"], latent=[[2.0**-40, 0]])
    assert float(measure_moves((clean, twin)).lengths[0][0]) == 1 - 2.0**-40


@pytest.mark.parametrize(
    ("ids", "success", "note"),
    [(["a"], [0], "no image was flipped for both"), ([], [], "no image was attacked for both")],
)
def test_an_attack_without_a_flip_says_so(prediction, ids, success, note):
    clean, twin = prediction(ids=["a"]), attacked(prediction, ids, success)
    assert measure_moves((clean, twin), (clean, twin)).fault == note
    assert measure_moves((clean, twin)).fault == note.removesuffix(" for both")


def test_strangers_say_so(prediction):
    assert measure_moves((prediction(ids=["a"]), prediction(ids=["b"]))).fault == "no image is in every prediction"


def test_a_latent_that_is_not_finite_is_told_of(prediction):
    clean = prediction(ids=["a", "b"], latent=[[np.inf, 0], [0, 0]])
    twin = prediction(ids=["a", "b"], latent=[[np.inf, 0], [1, 0]])
    assert measure_moves((clean, twin)).fault == "1 of 2 images have latents that are not finite"


def of_one_set(prediction, ids, rows, latent, **rest):
    return prediction(ids=ids, latent=latent, rows=np.array(rows), test_set="mine/far", test_size=4, **rest)


def test_images_of_one_test_set_are_paired_row_by_row_however_many_show_one_object(prediction):
    clean = of_one_set(prediction, list("aabb"), [0, 1, 2, 3], [[0, 0], [10, 0], [20, 0], [30, 0]])
    attacked = of_one_set(prediction, list("ba"), [3, 0], [[33, 0], [4, 0]], facts={"success": np.array([True, True])})
    (lengths,), fault, note = measure_moves((clean, attacked))
    assert (lengths.tolist(), fault, note) == ([4, 3], "", "")


def test_between_domains_an_id_that_names_several_images_is_left_out_and_said(prediction):
    near = of_one_set(prediction, list("aabc"), [0, 1, 2, 3], np.zeros((4, 2)))
    far = prediction(ids=list("bacc"), latent=[[3, 4], [1, 0], [1, 0], [1, 0]], test_set="mine/near")
    (lengths,), fault, note = measure_moves((near, far))
    assert (lengths.tolist(), fault) == ([5], "")
    assert note == "2 ids that name several images in one domain left out"
    only = prediction(ids=["a", "a"], latent=np.zeros((2, 2)))
    told = "no image is in every prediction; 1 id that names several images in one domain left out"
    assert measure_moves((near, only)).fault == told
