"""Perturbations: for every rule one that it catches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astrobench import Perturbed, needs
from conforming import caught, reported, statuses


def perturbation(function):
    def mine(batch, model, rng):
        """Perturb."""
        return function(batch, model, rng)

    return mine


def fainter(batch, model, rng):
    noise = np.stack([rng.of(name).normal(size=batch.flux.shape[1:]) for name in batch.ids])
    return Perturbed(flux=(batch.flux / 2 + noise).astype(np.float32), facts={"noise": noise.std(axis=(1, 2, 3))})


def trains(batch, model, rng):
    model.train()
    return fainter(batch, model, rng)


def touches(batch, model, rng):
    batch.inputs.mul_(0.5)
    return fainter(batch, model, rng)


def dims(batch, model, rng):
    flux = batch.flux
    flux *= 0.6
    return Perturbed(flux=flux)


def learns(batch, model, rng):
    model.head.bias.data.add_(1)
    return fainter(batch, model, rng)


def changed(**made):
    return perturbation(lambda batch, model, rng: replace(fainter(batch, model, rng), **made))


@pytest.mark.parametrize(
    ("target", "rule", "told"),
    [
        (perturbation(lambda batch, model, rng: batch.flux), "it returns flux or inputs", "it returns ndarray"),
        (perturbation(lambda batch, model, rng: Perturbed()), "it returns flux or inputs", "both or none"),
        (changed(rows=np.array([0, 0, 1])), "its rows name images", "it returned row 0 2 times, expected"),
        (changed(rows=np.zeros(3, int)), "its rows name images", "it returned row 0 3 times, expected"),
        (changed(rows=np.array([2, 1, 0])), "its rows name images", "not ascending"),
        (changed(rows=[0, 1, 2]), "its rows name images", "returned rows as list, expected int64 (M,)"),
        (changed(rows=np.array([0.0, 1.0, 2.0])), "its rows name images", "returned rows as float64 (3,)"),
        (changed(rows=np.ones(3, bool)), "its rows name images", "np.flatnonzero(mask) turns a mask into rows"),
        (changed(rows=np.array([-1, 0, 1])), "its rows name images", "row -1 of 3 images"),
        (changed(facts={"a/b": np.zeros(3)}), "its facts have one row per image", "a fact named 'a/b'"),
        (changed(facts={"n": np.full(3, np.nan)}), "its facts have one row per image", "NaN or infinity"),
        (
            changed(rows=np.array([0, 1, 9])),
            "its rows name images",
            "row 9 of 3 images, expected int64 (M,), each of 0 … 2",
        ),
        (changed(flux=np.zeros((3, 3, 2, 2), np.float32)), "its images keep their shape", "expected (3, 3, 12, 12)"),
        (changed(flux=np.zeros((3, 3, 12, 12))), "its images keep their shape", "float64, expected float32"),
        (changed(facts={"n": np.zeros(7)}), "its facts have one row per image", "of shape (7,), expected 3 rows"),
        (
            changed(facts={"n": np.array(["a", "b", "c"])}),
            "its facts have one row per image",
            "expected an array of native numbers",
        ),
        (changed(facts={"n": [1, 2, 3]}), "its facts have one row per image", "as list, expected an array"),
        (
            perturbation(
                lambda batch, model, rng: Perturbed(flux=np.random.default_rng().random(batch.flux.shape, np.float32))
            ),
            "it is deterministic",
            "other images",
        ),
        (perturbation(touches), "it changes nothing in place", "changes the batch in place"),
        (perturbation(dims), "it returns flux or inputs", "writes to its batch (output array is read-only)"),
        (perturbation(learns), "it changes nothing in place", "the network's weights"),
        (perturbation(trains), "it changes nothing in place", "in training mode"),
        (
            perturbation(lambda batch, model, rng: Perturbed(flux=batch.flux + np.float32(batch.labels.sum()))),
            "it works without labels",
            "raises AttributeError",
        ),
    ],
)
def test_a_perturbation_is_checked(target, rule, told):
    caught("perturbations", target, rule, told)


def test_a_sound_perturbation_conforms_and_one_stream_for_all_is_allowed():
    def all_at_once(batch, model, rng):
        return Perturbed(flux=batch.flux + rng.all().normal(size=batch.flux.shape).astype(np.float32))

    assert statuses("perturbations", perturbation(fainter)) == {"passed"}
    found = reported("perturbations", perturbation(all_at_once))
    assert [rule for rule, (status, _) in found.items() if status != "passed"] == [
        "an image does not depend on the others"
    ]
    assert "rng.of(id)" in found["an image does not depend on the others"][1]


@pytest.mark.parametrize(
    ("reads", "lacked"),
    [
        (lambda batch: batch.observation.years, "AttributeError"),
        (lambda batch: batch.observation.scene[0], "AttributeError"),
        (lambda batch: int(batch.pixel_scale * 5), "ValueError"),
        (lambda batch: [0, 1, 2][batch.labels[0]] if batch.labels is not None else 0, "TypeError"),
    ],
)
def test_a_need_that_is_not_declared_is_caught(reads, lacked):
    def reading(batch, model, rng):
        reads(batch)
        return fainter(batch, model, rng)

    caught("perturbations", perturbation(reading), "it declares what it needs", f"it raises {lacked}")


def test_a_need_that_is_declared_is_none_to_be_caught():
    @needs("scene")
    def mine(batch, model, rng):
        """Perturb."""
        assert batch.observation.scene is not None
        return fainter(batch, model, rng)

    assert reported("perturbations", mine)["it declares what it needs"] == ("passed", "scene")
