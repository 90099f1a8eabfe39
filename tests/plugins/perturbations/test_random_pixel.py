"""What the control of the attack promises: chance alone, on the same images."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from astrobench import Streams, SuiteError
from astrobench_perturbations.one_pixel import one_pixel
from astrobench_perturbations.random_pixel import random_pixel
from plugins.perturbations.skies import always, dim, linear, sky
from scipy import stats

RNG = Streams("chance")


def test_it_meets_the_same_images_as_the_attack() -> None:
    batch, model = sky(dim(12), np.array([0, 1, 2] * 4)), linear()
    control = random_pixel(batch, model, RNG, images=7).rows
    attack = one_pixel(batch, model, RNG, images=7, population=4, generations=1).rows
    assert control is not None
    np.testing.assert_array_equal(control, attack)


def test_one_pixel_is_replaced_by_the_values_told() -> None:
    batch = sky(dim(5))
    found = random_pixel(batch, linear(), RNG)
    expected = batch.inputs.clone()
    for number, (row, col, values) in enumerate(zip(*(found.facts[k] for k in ("row", "col", "values")), strict=True)):
        expected[number, :, row, col] = torch.from_numpy(values)
    assert found.inputs is not None
    torch.testing.assert_close(found.inputs, expected, rtol=0, atol=0)


def test_positions_and_values_are_uniform() -> None:
    facts = random_pixel(sky(dim(1500)), always(0), RNG, images=1500).facts
    assert stats.chisquare(np.bincount(facts["row"], minlength=8)).pvalue > 1e-3
    assert stats.chisquare(np.bincount(facts["col"], minlength=8)).pvalue > 1e-3
    assert stats.kstest(facts["values"].ravel(), "uniform").pvalue > 1e-3


def test_the_first_try_that_flips_is_kept() -> None:
    model, batch = linear(), sky(dim(40))
    once = random_pixel(batch, model, RNG, tries=1).facts
    often = random_pixel(batch, model, RNG, tries=60).facts
    assert once["success"].sum() < often["success"].sum()
    assert set(often["queries"][~often["success"]]) <= {60}
    assert often["queries"][often["success"]].min() >= 1


def test_a_success_is_one_for_the_network_itself() -> None:
    model, batch = linear(), sky(dim(40))
    found = random_pixel(batch, model, RNG, tries=20)
    assert found.inputs is not None
    chance = model(found.inputs).logits.softmax(1).detach().numpy()
    chance[np.arange(40), found.facts["start"]] = 0
    assert 0 < found.facts["success"].sum() < 40
    np.testing.assert_array_equal(found.facts["success"], chance.max(1) > 0.5)


def test_data_bounds_hold_every_value() -> None:
    values = random_pixel(sky(dim(40), limits=(0.4, 0.7)), always(0), RNG, bounds="data").facts["values"]
    assert 0.4 <= values.min() < 0.45
    assert 0.65 < values.max() <= 0.7


@pytest.mark.parametrize("name", ["images", "tries"])
def test_nothing_to_do_is_refused(name: str) -> None:
    with pytest.raises(SuiteError, match=rf"^random_pixel: {name} = 0, want 1 or more$"):
        random_pixel(sky(dim(1)), always(0), RNG, **{name: 0})
