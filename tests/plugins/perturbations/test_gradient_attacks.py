"""Attacks by gradient: on a linear network the worst change in a ball is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from astrobench import Batch, DataError, Perturbed, Streams, SuiteError
from astrobench_perturbations.fgsm import fgsm
from astrobench_perturbations.pgd import pgd
from hypothesis import given, settings
from hypothesis import strategies as st
from plugins.perturbations.skies import Linear, always, dim, linear, sky

RNG = Streams("gradient")
LABELS = np.array([0, 1, 0, 1])


def pair(scale: float = 0.3) -> Linear:
    """Return a network of two classes: the logit of class 1 over class 0 is w · (x - 0.5)."""
    weights = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(2)) * scale
    return Linear(weights, torch.zeros(2)).eval()


def changes(found: Perturbed, batch: Batch) -> torch.Tensor:
    assert found.inputs is not None
    return found.inputs - batch.inputs


def uphill(model: Linear) -> torch.Tensor:
    """Return for each of LABELS the direction that raises its loss: away from its own class, towards the other."""
    towards = (model.weights[1] - model.weights[0]).detach()
    return torch.stack([towards if label == 0 else -towards for label in LABELS])


def test_the_fast_gradient_sign_steps_against_the_label() -> None:
    model, batch = pair(), sky(dim(4), LABELS)
    found = changes(fgsm(batch, model, RNG, epsilon=0.03), batch)
    torch.testing.assert_close(found, 0.03 * uphill(model).sign(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("random_start", [True, False])
def test_pgd_finds_the_corner_of_the_cube(random_start: bool) -> None:
    model, batch = pair(), sky(dim(4), LABELS)
    found = changes(pgd(batch, model, RNG, epsilon=0.03, random_start=random_start), batch)
    torch.testing.assert_close(found, 0.03 * uphill(model).sign(), rtol=0, atol=1e-6)


def test_pgd_finds_the_point_of_the_ball_along_the_gradient() -> None:
    model, batch = pair(), sky(dim(4), LABELS)
    unit = uphill(model) / uphill(model).flatten(1).norm(dim=1)[:, None, None, None]
    found = changes(pgd(batch, model, RNG, epsilon=0.5, norm="L2", random_start=False), batch)
    torch.testing.assert_close(found, 0.5 * unit, rtol=0, atol=1e-5)
    anywhere = changes(pgd(batch, model, RNG, epsilon=0.5, norm="L2", steps=60), batch)
    assert bool(((anywhere * unit).flatten(1).sum(1) > 0.48).all())


@settings(max_examples=20, deadline=None)
@given(st.floats(0.0, 1.0), st.sampled_from(["Linf", "L2"]), st.booleans(), st.integers(1, 4))
def test_no_attack_leaves_its_ball_nor_its_bounds(epsilon: float, norm: str, random_start: bool, steps: int) -> None:
    batch = sky(dim(3), np.array([0, 1, 2]))
    found = pgd(batch, linear(), RNG, epsilon=epsilon, norm=norm, random_start=random_start, steps=steps, bounds="data")
    change = changes(found, batch).flatten(1)
    length = change.abs().amax(1) if norm == "Linf" else change.norm(dim=1)
    assert bool((length <= epsilon + 1e-5).all())
    np.testing.assert_allclose(found.facts["length"], length, atol=1e-6)
    low, high = batch.inputs.clamp(max=0.4), batch.inputs.clamp(min=0.9)  # the limits, or the pixel's own value
    assert found.inputs is not None
    assert bool(((found.inputs >= low) & (found.inputs <= high)).all())


def test_more_steps_never_find_a_lower_loss_than_the_start() -> None:
    model, batch = linear(), sky(dim(4), np.array([0, 1, 2, 0]))
    labels = torch.from_numpy(batch.labels)

    def loss(steps: int) -> torch.Tensor:
        found = pgd(batch, model, RNG, epsilon=0.1, random_start=False, steps=steps)
        return torch.nn.functional.cross_entropy(model(found.inputs).logits, labels, reduction="none").detach()

    clean = torch.nn.functional.cross_entropy(model(batch.inputs).logits, labels, reduction="none").detach()
    assert bool((loss(1) >= clean).all())
    assert bool((loss(10) >= loss(1) - 1e-6).all())


def test_all_images_are_attacked_unless_a_number_is_given() -> None:
    batch = sky(dim(5), np.array([0, 1, 2, 0, 1]))
    assert fgsm(batch, always(0), RNG, epsilon=0.1).rows is None
    assert len(fgsm(batch, always(0), RNG, epsilon=0.1, images=2).facts["start"]) == 2
    assert fgsm(batch, always(0), RNG, epsilon=0.1, only_correct=True).rows.tolist() == [0, 3]


def test_success_says_that_the_class_is_not_that_of_the_label() -> None:
    facts = fgsm(sky(dim(3), np.array([0, 1, 0])), always(0), RNG, epsilon=0.01).facts
    assert facts["success"].tolist() == [False, True, False]
    assert facts["start"].tolist() == [0, 1, 0]


def test_without_labels_the_attack_starts_from_the_predicted_class() -> None:
    model, batch = pair(), sky(dim(4))
    said = model(batch.inputs).logits.argmax(1).numpy()
    known = fgsm(sky(batch.inputs, said), model, RNG, epsilon=0.05).inputs
    torch.testing.assert_close(fgsm(batch, model, RNG, epsilon=0.05).inputs, known, rtol=0, atol=0)


def test_an_image_is_attacked_alike_alone_and_in_company() -> None:
    model, batch = linear(), sky(dim(40), np.arange(40) % 3)
    whole = pgd(batch, model, RNG, epsilon=0.1).inputs
    from dataclasses import replace

    part = slice(37, 38)
    single = replace(
        batch, flux=batch.flux[part], inputs=batch.inputs[part], ids=batch.ids[part], labels=batch.labels[part]
    )
    torch.testing.assert_close(pgd(single, model, RNG, epsilon=0.1).inputs, whole[part], rtol=0, atol=1e-5)


def test_the_weights_gather_no_gradient() -> None:
    model = pair()
    pgd(sky(dim(2), LABELS[:2]), model, RNG, epsilon=0.1)
    assert all(weight.grad is None for weight in model.parameters())


def test_what_cannot_be_attacked_is_refused() -> None:
    with pytest.raises(SuiteError, match=r"^pgd: epsilon = 2 in the norm Linf, want at most 1$"):
        pgd(sky(dim(1)), always(0), RNG, epsilon=2.0)
    with pytest.raises(DataError, match="needs class labels"):
        fgsm(sky(dim(2), np.zeros((2, 3), np.float32)), always(0), RNG, epsilon=0.1)
