"""What the one-pixel attack promises: the published rules, exactly, image by image."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from astrobench import Batch, DataError, Perturbed, Streams, SuiteError
from astrobench.progress import watched_by
from astrobench_perturbations.one_pixel import one_pixel
from hypothesis import given, settings
from hypothesis import strategies as st
from plugins.perturbations.reference import attack
from plugins.perturbations.skies import always, dim, hills, linear, sky
from scipy import stats

SMALL = {"population": 12, "generations": 6}
RNG = Streams("attack")


def inputs_of(found: Perturbed) -> torch.Tensor:
    assert found.inputs is not None
    return found.inputs


def only(batch: Batch, row: int) -> Batch:
    """Return a batch of one image of a batch without labels."""
    part = slice(row, row + 1)
    return replace(batch, flux=batch.flux[part], inputs=batch.inputs[part], ids=batch.ids[part])


def test_a_first_population_that_succeeds_costs_no_generation() -> None:
    found = one_pixel(sky(dim(3), np.array([0, 1, 2])), always(1), RNG, **SMALL, only_correct=False)
    facts = found.facts
    assert facts["success"].tolist() == [True, False, True]
    assert facts["generations"].tolist() == [0, 6, 0]
    assert facts["attempts"].tolist() == [1, 2, 2]
    assert facts["target"].tolist() == [1, 2, 1]


def test_queries_count_every_evaluation_of_every_attempt() -> None:
    found = one_pixel(sky(dim(3), np.array([0, 1, 2])), always(1), RNG, **SMALL, only_correct=False)
    exhausted = 12 * (6 + 1)
    assert found.facts["queries"].tolist() == [12, 2 * exhausted, exhausted + 12]


def test_targets_are_the_other_classes_in_ascending_order() -> None:
    labels = np.array([0, 1, 2, 3])
    found = one_pixel(sky(dim(4), labels), always(3, outputs=4), RNG, **SMALL, only_correct=False)
    assert found.facts["attempts"].tolist() == [3, 3, 3, 3]
    assert found.facts["target"].tolist() == [3, 3, 3, 2]


def test_untargeted_succeeds_when_the_start_falls_below_a_twentieth() -> None:
    batch = sky(dim(2), np.array([0, 1]))
    found = one_pixel(batch, always(1), RNG, **SMALL, targeted=False, only_correct=False)
    assert found.facts["success"].tolist() == [True, False]
    assert found.facts["target"].tolist() == [-1, -1]
    assert found.facts["attempts"].tolist() == [1, 1]


def test_images_that_the_network_gets_wrong_are_not_attacked() -> None:
    found = one_pixel(sky(dim(4), np.array([1, 0, 0, 1])), always(1), RNG, **SMALL)
    assert found.rows is not None
    assert found.rows.tolist() == [0, 3]
    assert inputs_of(found).shape[0] == 2
    assert all(len(fact) == 2 for fact in found.facts.values())


def test_without_labels_every_image_starts_from_its_predicted_class() -> None:
    found = one_pixel(sky(dim(3)), always(2), RNG, **SMALL)
    assert found.facts["start"].tolist() == [2, 2, 2]


def test_nothing_to_attack_gives_empty_facts() -> None:
    found = one_pixel(sky(dim(2), np.array([0, 0])), always(1), RNG, **SMALL)
    assert inputs_of(found).shape == (0, 3, 8, 8)
    assert {name: len(fact) for name, fact in found.facts.items()} == dict.fromkeys(found.facts, 0)


def test_fewer_images_are_a_subset_of_more_whatever_the_network() -> None:
    few = one_pixel(sky(dim(9)), always(0), RNG, **SMALL, images=3).rows
    more = one_pixel(sky(dim(9)), always(1), Streams("another"), **SMALL, images=6).rows
    assert few is not None
    assert more is not None
    assert set(few) < set(more)
    assert few.tolist() == sorted(few)


def test_the_returned_image_differs_in_the_named_pixel_only() -> None:
    batch = sky(dim(5))
    found = one_pixel(batch, linear(), RNG, **SMALL)
    row, col, values = (found.facts[name] for name in ("row", "col", "values"))
    expected = batch.inputs.clone()
    for number in range(5):
        expected[number, :, row[number], col[number]] = torch.from_numpy(values[number])
    torch.testing.assert_close(inputs_of(found), expected, rtol=0, atol=0)


def test_a_success_is_one_for_the_network_itself() -> None:
    model, batch = linear(), sky(dim(30))
    found = one_pixel(batch, model, RNG, **SMALL)
    chance = model(inputs_of(found)).logits.softmax(1).detach().numpy()
    reached = chance[np.arange(30), found.facts["target"]] > 0.5
    assert 0 < reached.sum() < 30
    np.testing.assert_array_equal(found.facts["success"], reached)


def test_an_image_fares_the_same_alone_or_in_a_batch() -> None:
    model, batch = linear(), sky(dim(12))
    together = one_pixel(batch, model, RNG, **SMALL)
    for row in range(12):
        alone = one_pixel(only(batch, row), model, RNG, **SMALL)
        assert {k: v.tolist() for k, v in alone.facts.items()} == {
            k: v[row : row + 1].tolist() for k, v in together.facts.items()
        }


def test_data_bounds_hold_every_value() -> None:
    found = one_pixel(sky(dim(6), limits=(0.45, 0.8)), linear(), RNG, **SMALL, bounds="data")
    values = found.facts["values"]
    assert values.min() >= np.float32(0.45)
    assert values.max() <= np.float32(0.8)


def test_the_search_is_told_and_the_network_left_alone() -> None:
    model, seen = linear(), list[tuple[str, int, int, str]]()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with watched_by(lambda *words: seen.append(words)):
        found = one_pixel(sky(dim(5)), model, RNG, **SMALL)
    assert seen[-1] == ("attacking", 5, 5, f"{found.facts['success'].sum()} flipped")
    assert [done for _, done, _, _ in seen] == sorted(done for _, done, _, _ in seen)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 6), st.integers(0, 2**20))
def test_more_generations_never_make_the_best_worse(generations: int, seed: int) -> None:
    model, batch, rng = linear(outputs=2, lead=20.0), sky(dim(1)), Streams(str(seed))
    fewer, more = (
        model(inputs_of(one_pixel(batch, model, rng, population=8, generations=cap))).logits.softmax(1)[0, 1].item()
        for cap in (generations, generations + 3)
    )
    assert fewer <= more < 0.5


def test_generations_are_distributed_as_in_a_plain_search() -> None:
    """500 attacks beside 500 written out member by member: the Kolmogorov-Smirnov test sees no difference."""
    model, images = hills(lead=1.8), dim(500, (3, 12, 12))
    size = {"population": 10, "generations": 20}
    batch = sky(images, np.zeros(500, np.int64))
    found = one_pixel(batch, model, RNG, images=500, only_correct=False, **size).facts
    plain = [attack(model, images[row], 0, (1, 2), random.Random(row), population=10, cap=20) for row in range(500)]
    for name in ("generations", "queries"):
        expected = [getattr(one, name) for one in plain]
        assert len(set(expected)) > 5
        assert stats.ks_2samp(found[name], expected).pvalue > 0.01
    assert found["success"].mean() == pytest.approx(np.mean([one.success for one in plain]), abs=0.1)


@pytest.mark.parametrize(("name", "value"), [("population", 2), ("images", 0), ("generations", -1)])
def test_a_search_that_cannot_be_run_is_refused(name: str, value: int) -> None:
    with pytest.raises(SuiteError, match=rf"^one_pixel: {name} = {value}, want \d or more$"):
        one_pixel(sky(dim(1)), always(0), RNG, **{name: value})


def test_a_regression_has_no_class_to_change() -> None:
    with pytest.raises(DataError, match="needs class labels"):
        one_pixel(sky(dim(2), np.zeros((2, 3), np.float32)), always(0), RNG)
