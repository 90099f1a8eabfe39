"""The attack on a few pixels: with one it is the one-pixel attack, with more it reaches farther."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from astrobench import Streams
from astrobench_perturbations.evolution import Pixels, decode, decode_many, first
from astrobench_perturbations.few_pixel import few_pixel
from astrobench_perturbations.one_pixel import one_pixel
from astrobench_perturbations.replaced import replaced
from plugins.perturbations.skies import dim, hills, sky

RNG = Streams("few")
SMALL = {"population": 20, "generations": 8}


def test_one_pixel_of_few_is_the_one_pixel_attack_draw_for_draw() -> None:
    batch, model = sky(dim(6, (3, 12, 12)), np.zeros(6, np.int64)), hills(lead=1.8)
    few, one = few_pixel(batch, model, RNG, pixels=1, **SMALL), one_pixel(batch, model, RNG, **SMALL)
    assert few.inputs is not None
    torch.testing.assert_close(few.inputs, one.inputs, rtol=0, atol=0)
    assert few.facts.keys() == one.facts.keys()
    for name, fact in one.facts.items():
        np.testing.assert_array_equal(few.facts[name], fact)


def test_more_pixels_flip_what_fewer_cannot() -> None:
    batch, model = sky(dim(5, (3, 12, 12)), np.zeros(5, np.int64)), hills(lead=4.0)
    longer = {"population": 40, "generations": 40}
    rates = [few_pixel(batch, model, RNG, pixels=k, **longer).facts["success"].mean() for k in (1, 4)]
    assert rates[0] == 0  # one white pixel on the top of a hill adds 3 to its logit
    assert rates[1] > 0.8


def test_at_most_so_many_pixels_change_and_those_as_the_facts_say() -> None:
    batch, model = sky(dim(4, (3, 12, 12)), np.zeros(4, np.int64)), hills(lead=1.0)
    found = few_pixel(batch, model, RNG, pixels=3, **SMALL)
    assert found.inputs is not None
    changed = (found.inputs != batch.inputs).any(1)
    assert bool((changed.sum((1, 2)) <= 3).all())
    assert found.facts["row"].shape == (4, 3)
    assert found.facts["values"].shape == (4, 3, 3)
    for image in range(4):
        row, col = found.facts["row"][image, -1], found.facts["col"][image, -1]
        np.testing.assert_array_equal(found.inputs[image, :, row, col], found.facts["values"][image, -1])


def test_success_is_what_the_network_says_of_the_images_returned() -> None:
    batch, model = sky(dim(20, (3, 12, 12)), np.zeros(20, np.int64)), hills(lead=2.5)
    found = few_pixel(batch, model, RNG, pixels=2, **SMALL)
    chance = model(found.inputs).logits.softmax(1)[:, 1:].amax(1).detach().numpy()
    np.testing.assert_array_equal(found.facts["success"], chance > 0.5)
    assert 0 < found.facts["success"].mean() < 1


def test_a_genome_holds_rows_then_columns_then_values() -> None:
    genome = torch.tensor([[0.0, 1.0, 0.5, 0.25, 0.1, 0.2, 0.3, 0.6, 0.7, 0.8]])
    found = decode_many(genome, 2, (8, 8), (0.0, 1.0))
    assert (found.rows.tolist(), found.cols.tolist()) == ([[0, 7]], [[4, 2]])
    np.testing.assert_allclose(found.values, [[[0.1, 0.2, 0.3], [0.6, 0.7, 0.8]]], rtol=1e-6)


@pytest.mark.parametrize("bands", [1, 3])
def test_one_pixel_decodes_alike_either_way(bands: int) -> None:
    genomes = torch.from_numpy(first(np.random.default_rng(0), 30, bands))
    one, many = decode(genomes, (9, 7), (0.4, 0.9)), decode_many(genomes, 1, (9, 7), (0.4, 0.9))
    for single, several in zip(one, many, strict=True):
        np.testing.assert_array_equal(single, several[:, 0])


def test_of_two_pixels_in_one_place_the_last_counts() -> None:
    twice = Pixels(torch.tensor([[1, 1]]), torch.tensor([[2, 2]]), torch.tensor([[[0.1], [0.9]]]))
    found = replaced(torch.zeros(1, 1, 4, 4), twice)
    assert found[0, 0, 1, 2] == pytest.approx(0.9)
    assert int((found != 0).sum()) == 1
