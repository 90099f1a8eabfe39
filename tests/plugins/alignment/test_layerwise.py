"""CKA as a loss: the metric's own number with a gradient, over a warm-up."""

from __future__ import annotations

import math

import astrobench.similarity as metric
import numpy as np
import pytest
import torch
from astrobench import DataError, Moment, Step
from astrobench_alignment.cka_paired import partners
from astrobench_alignment.layerwise import centred_gram, layer_diagonal, layer_matrix, upper
from plugins.alignment.toy import method

LAYERS = ("first", "second", "third")
LATE = Moment(9, 1.0)
NAMES = ("cka_collapse", "cka_structure", "cka_paired")


def activations(seed, n=24, noise=0.5, dtype=torch.float32):
    """Return maps, vectors and a head that follow from one another."""
    stream = torch.Generator().manual_seed(seed)
    first = torch.randn(n, 2, 3, 3, generator=stream, dtype=dtype)
    second = first.flatten(1)[:, :7] + noise * torch.randn(n, 7, generator=stream, dtype=dtype)
    third = second[:, :3] + noise * torch.randn(n, 3, generator=stream, dtype=dtype)
    return {name: value.requires_grad_() for name, value in zip(LAYERS, (first, second, third), strict=True)}


def step(layers, labels=None, logits=None):
    n = len(next(iter(layers.values())))
    return Step(torch.zeros(n, 4), torch.zeros(n, 4) if logits is None else logits, labels, layers)


def expected(layers, twins=None):
    """Return the metric's matrix of CKA, by NumPy in float64."""
    every = [*layers.values(), *(twins or {}).values()]
    flat = [value.detach().double().flatten(1).numpy() for value in every]
    return metric.minibatch_cka(np.stack([(x @ x.T)[None] for x in flat]))


def test_it_is_the_metric():
    layers, twins = activations(0), activations(1)
    assert layer_matrix(layers).detach().numpy() == pytest.approx(expected(layers), abs=1e-6)
    both = expected(layers, twins)
    assert layer_diagonal(layers, twins).detach().numpy() == pytest.approx(np.diag(both[:3, 3:]), abs=1e-6)
    gram = centred_gram(layers["first"]).detach()
    assert gram.sum(dim=1).abs().max() < 1e-9
    assert not gram.diagonal().any()


def test_its_gradient_is_that_of_finite_differences():
    values = torch.randn(6, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    other = torch.randn(6, 3, generator=torch.Generator().manual_seed(1))

    def one(x):
        return upper(layer_matrix({"a": x, "b": other}))[0]

    one(values).backward()
    for row, column in ((0, 0), (3, 2), (5, 1)):
        shift = torch.zeros_like(values)
        shift[row, column] = 3e-2
        numeric = (one(values.detach() + shift) - one(values.detach() - shift)).item() / 6e-2
        assert float(values.grad[row, column]) == pytest.approx(numeric, abs=2e-3)


def test_scale_rotation_and_offset_change_nothing():
    layers = activations(0)
    turn = torch.linalg.qr(torch.randn(18, 18, generator=torch.Generator().manual_seed(2)))[0]
    moved = {**layers, "first": (-7 * layers["first"].flatten(1) @ turn) + 100}
    assert layer_matrix(moved).detach().numpy() == pytest.approx(layer_matrix(layers).detach().numpy(), abs=1e-4)


def test_collapse_counts_the_target_s_excess_alone():
    source, target = activations(0), activations(1, noise=0.05)
    found = method("cka_collapse")(4, 3, weight=2.0, threshold=0.5)
    found = found.terms(step(source), step(target), LATE)["cka_collapse"]
    pairs = expected(target)[np.triu_indices(3, 1)]
    assert found.item() == pytest.approx(2 * np.clip(pairs - 0.5, 0, None).mean(), abs=1e-6)
    assert found.item() > 0.1
    found.backward()
    assert source["first"].grad is None
    assert all(value.grad.abs().max() > 0 for value in target.values())
    distinct = {name: activations(seed)[name] for seed, name in enumerate(LAYERS)}
    assert method("cka_collapse")(4, 3).terms(step(source), step(distinct), LATE)["cka_collapse"].item() == 0


def test_structure_is_the_squared_difference_of_two_matrices_and_needs_no_pairs():
    source, target = activations(0), activations(1, noise=2.0)
    loss = method("cka_structure")(4, 3, weight=1.0)
    found = loss.terms(step(source), step(target), LATE)["cka_structure"]
    pairs = np.triu_indices(3, 1)
    assert found.item() == pytest.approx(((expected(source) - expected(target))[pairs] ** 2).mean(), abs=1e-6)
    order = torch.randperm(24, generator=torch.Generator().manual_seed(3))
    shuffled = {name: value[order] for name, value in target.items()}
    assert loss.terms(step(source), step(shuffled), LATE)["cka_structure"].item() == pytest.approx(
        found.item(), abs=1e-9
    )
    assert loss.terms(step(source), step(source), LATE)["cka_structure"].item() == 0


def test_paired_is_one_less_the_mean_of_the_diagonal():
    source, target = activations(0), activations(1)
    loss = method("cka_paired")(4, 3, weight=1.0, pairing="exact")
    assert loss.paired
    found = loss.terms(step(source), step(target), LATE)["cka_paired"]
    assert found.item() == pytest.approx(1 - np.diag(expected(source, target)[:3, 3:]).mean(), abs=1e-6)
    assert loss.terms(step(source), step(source), LATE)["cka_paired"].item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("labels", [torch.arange(24) % 4, torch.rand(24, 2)])
def test_predicted_partners_are_those_of_which_the_network_says_the_same(labels):
    """The target is the source in another order, with the spreads of a regression made useless."""
    layers, stream = activations(0), torch.Generator().manual_seed(4)
    logits = 3 * torch.randn(24, 4, generator=stream)
    order = torch.randperm(24, generator=stream)
    moved = logits[order].clone()
    if labels.is_floating_point():
        moved[:, 2:] = 100 * torch.randn(24, 2, generator=stream)
    source, target = step(layers, labels, logits), step({n: v[order] for n, v in layers.items()}, None, moved)
    assert torch.equal(order[partners(source, target)], torch.arange(24))
    loss = method("cka_paired")(4, 3, weight=1.0)
    assert not loss.paired
    assert loss.terms(source, target, LATE)["cka_paired"].item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_weight_rises_during_the_warm_up(name):
    source, target = activations(0), activations(1, noise=0.05)
    lower = {"threshold": 0.3} if name == "cka_collapse" else {}
    loss = method(name)(4, 3, weight=0.5, warmup=0.4, **lower)
    full = loss.terms(step(source), step(target), LATE)[name].item()
    told = [loss.terms(step(source), step(target), Moment(0, at))[name].item() for at in (0.0, 0.1, 0.4, 0.7)]
    assert full > 0
    assert told == pytest.approx([0, full / 4, full, full])
    at_once = method(name)(4, 3, weight=0.5, warmup=0.0, **lower)
    assert at_once.terms(step(source), step(target), Moment(0, 0.0))[name].item() == pytest.approx(full)


@pytest.mark.parametrize("name", NAMES)
def test_layers_are_the_architecture_s_own_or_those_named(name):
    assert method(name)(4, 3).wanted_layers == ("*",)
    assert method(name)(4, 3, layers=("Conv2d", "head")).wanted_layers == ("Conv2d", "head")


@pytest.mark.parametrize("name", NAMES)
def test_fewer_than_four_images_are_refused(name):
    halves = (step(activations(seed, n=3)) for seed in (0, 1))
    told = r"^debiased CKA needs 4 images or more in a batch, not 3; see training\.batch_size$"
    with pytest.raises(DataError, match=told):
        method(name)(4, 3).terms(*halves, LATE)


@pytest.mark.parametrize("name", ["cka_collapse", "cka_structure"])
def test_one_layer_has_no_other_to_be_compared_with(name):
    alone = {"first": activations(0)["first"]}
    with pytest.raises(DataError, match=r"compares two layers or more with one another, not 1 \(first\)$"):
        method(name)(4, 3).terms(step(alone), step(alone), LATE)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [0.0, 1 / 3])
def test_a_constant_layer_makes_the_loss_nan_and_is_never_passed_over(name, value):
    halves = [{**activations(seed), "second": torch.full((24, 7), value)} for seed in (0, 1)]
    found = method(name)(4, 3).terms(step(halves[0]), step(halves[1]), LATE)[name]
    assert math.isnan(found.item())


@pytest.mark.parametrize("name", NAMES)
def test_sixteen_bit_activations_are_compared_in_full(name):
    layers = [{n: v.detach().bfloat16() for n, v in activations(seed, noise=0.1).items()} for seed in (0, 1)]
    plain = [{n: v.float() for n, v in half.items()} for half in layers]
    found = method(name)(4, 3).terms(step(layers[0]), step(layers[1]), LATE)[name]
    assert found.item() == method(name)(4, 3).terms(step(plain[0]), step(plain[1]), LATE)[name].item()
