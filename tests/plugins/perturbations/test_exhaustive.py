"""What the exhaustive attack promises: nothing on its grid is left untried."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from astrobench import Perturbed, Streams, SuiteError
from astrobench_perturbations.exhaustive import one_pixel_exhaustive
from astrobench_perturbations.one_pixel import one_pixel
from plugins.perturbations.nets import conv_net
from plugins.perturbations.skies import always, dim, hills, linear, sky

RNG = Streams("any")


def chances(model: torch.nn.Module, found: Perturbed) -> np.ndarray:
    assert found.inputs is not None
    chance: np.ndarray = model(found.inputs).logits.softmax(1).detach().numpy()
    chance[np.arange(len(chance)), found.facts["start"]] = 0
    return chance


@pytest.mark.parametrize("levels", [2, 3])
def test_the_best_of_every_pixel_and_colour_is_returned(levels: int) -> None:
    model, image = linear(), dim(1, (3, 4, 5))
    model.weights.data = torch.randn(3, 3, 4, 5, generator=torch.Generator().manual_seed(1))
    best = 0.0
    for row, col, *colour in product(range(4), range(5), *[np.linspace(0, 1, levels).tolist()] * 3):
        candidate = image.clone()
        candidate[0, :, row, col] = torch.tensor(colour)
        best = max(best, model(candidate).logits.softmax(1)[0, 1:].max().item())
    found = one_pixel_exhaustive(sky(image, np.array([0])), model, RNG, levels=levels, only_correct=False)
    assert found.facts["best"][0] == pytest.approx(best, abs=1e-6)
    assert found.facts["queries"].tolist() == [20 * levels**3]
    assert chances(model, found).max() == pytest.approx(best, abs=1e-6)


def test_no_attack_with_reachable_corners_beats_it() -> None:
    """Logits linear in the pixel are highest at a corner of the colour cube, so the search cannot do better."""
    model, batch = hills(lead=1.8), sky(dim(20, (3, 12, 12)), np.zeros(20, np.int64))
    searched = one_pixel(batch, model, RNG, only_correct=False, population=20, generations=20).facts["success"]
    certified = one_pixel_exhaustive(batch, model, RNG, only_correct=False).facts["success"]
    assert searched.any()
    assert certified[searched].all()


def test_a_success_is_one_for_the_network_itself() -> None:
    model, batch = linear(lead=6.5), sky(dim(30))
    found = one_pixel_exhaustive(batch, model, RNG)
    reached = chances(model, found).max(1) > 0.5
    assert 0 < reached.sum() < 30
    np.testing.assert_array_equal(found.facts["success"], reached)
    np.testing.assert_array_equal(found.facts["target"], chances(model, found).argmax(1))


def test_it_finds_the_same_through_the_cone() -> None:
    model, batch = conv_net(side=36), sky(dim(2, (3, 36, 36)))
    found = one_pixel_exhaustive(batch, model, RNG)
    assert found.facts["evaluator"].tolist() == [1, 1]
    np.testing.assert_allclose(chances(model, found).max(1), found.facts["best"], atol=1e-5)


def test_nothing_to_attack_gives_empty_facts() -> None:
    found = one_pixel_exhaustive(sky(dim(2), np.array([0, 0])), always(1), RNG)
    assert {name: len(fact) for name, fact in found.facts.items()} == dict.fromkeys(found.facts, 0)


@pytest.mark.parametrize(("name", "value"), [("images", 0), ("levels", 1)])
def test_a_grid_that_is_none_is_refused(name: str, value: int) -> None:
    with pytest.raises(SuiteError, match=rf"^one_pixel_exhaustive: {name} = {value}, want \d or more$"):
        one_pixel_exhaustive(sky(dim(1)), always(0), RNG, **{name: value})
