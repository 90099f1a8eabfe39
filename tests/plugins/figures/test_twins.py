"""Which galaxies are shown three times over, and beside which methods."""

from __future__ import annotations

from dataclasses import replace

import figures_toy as toy
import numpy as np
from astrobench_figures.grouping import few
from astrobench_figures.twins import Twins, flipped_by_all, rivals_of
from hypothesis import given
from hypothesis import strategies as st


def changed_classes(method_seed):
    """Return the ids that the attack tells a success of and whose class did change, by the network itself."""
    made, part = toy.network(method_seed), toy.dataset().tests["Y10"]
    before = toy.prediction(made, part.ids, part.stretch(part.images)).logits.argmax(1)[toy.ATTACKED]
    after = toy.prediction(made, toy.IDS[toy.ATTACKED], toy.attacked_inputs()).logits.argmax(1)
    return set(toy.IDS[toy.ATTACKED][(before != after) & toy.attack()["success"]])


def test_flipped_galaxies_are_those_whose_class_the_attack_changed():
    (rivals,) = rivals_of(toy.cells(["source_only", "mmd"]), 4)
    for seed, twins in enumerate(rivals):
        assert set(twins.flipped()) == changed_classes(seed)
    both = changed_classes(0) & changed_classes(1)
    assert list(flipped_by_all(rivals)) == sorted(both)
    assert len(both) >= 3


def test_the_three_are_matched_by_id_and_not_by_place():
    ((twins,),) = rivals_of(toy.cells(), 4)
    ids = twins.flipped()
    for latents, part, rows in zip(twins.latents(ids), twins.said, twins.rows(ids), strict=True):
        np.testing.assert_array_equal(part.ids[rows], ids)
        np.testing.assert_array_equal(latents, part.latent[rows])
    assert not np.array_equal(twins.rows(ids)[0], twins.rows(ids)[1])


def test_the_reference_stands_first_on_every_sheet_of_many_methods():
    methods = ["mmd", "source_only", "dann", "coral", "sidda"]
    shown = [[twins.cells.learned.method for twins in rivals] for rivals in rivals_of(toy.cells(methods), 3)]
    assert shown == [["source_only", "mmd", "dann"], ["source_only", "coral", "sidda"]]


def test_seeds_are_not_mixed_and_what_replaces_no_pixel_has_no_twins():
    two_seeds = [*toy.cells(seed=0), *toy.cells(seed=1)]
    assert [twins.cells.attacked.seed for (twins,) in rivals_of(two_seeds, 4)] == [0, 1]
    assert list(rivals_of([one for one in toy.cells() if one.clean], 4)) == []
    learned, other, attacked = toy.cells()
    bare = toy.cell("source_only", "Y10", learned.predicted(), toy.network(), perturbation="psf", clean=False)
    assert list(rivals_of([learned, other, bare], 4)) == []
    assert list(rivals_of([learned, attacked], 4)) == []


@given(st.integers(0, 40), st.integers(1, 9))
def test_few_names_are_in_order_none_twice_and_from_end_to_end(count, most):
    names = np.arange(count)
    some = few(names, most)
    assert len(some) == min(count, most)
    assert (np.diff(some) > 0).all()
    if count and most > 1:
        assert {some[0], some[-1]} == {0, count - 1}


def test_a_galaxy_of_several_images_in_a_domain_is_no_twin():
    ((twins,),) = rivals_of(toy.cells(), 4)
    learned, other, attacked = twins.said
    name, *rest = twins.flipped()
    ids = np.where(other.ids == rest[-1], name, other.ids)  # nothing tells which of the two is the galaxy's partner
    assert list(Twins(twins.cells, (learned, replace(other, ids=ids), attacked)).flipped()) == rest[:-1]
