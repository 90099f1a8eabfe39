"""Gradient reversal, its schedule, and the loss of a discriminator of domains."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from astrobench import Moment, Step
from astrobench_alignment.adversary import domain_loss, reversed_gradient
from astrobench_alignment.cdan import cdan, certainties, conditioned
from astrobench_alignment.dann import dann
from astrobench_alignment.schedules import strength_at
from scipy.stats import entropy
from sklearn.metrics import log_loss

MOMENT = Moment(0, 0.5)


def halves(n: int = 6) -> tuple[Step, Step]:
    stream = torch.Generator().manual_seed(0)
    latents = [torch.randn(n, 4, generator=stream).requires_grad_() for _ in range(2)]
    logits = [torch.randn(n, 3, generator=stream).requires_grad_() for _ in range(2)]
    return Step(latents[0], logits[0], torch.arange(n) % 3), Step(latents[1], logits[1])


def test_values_pass_and_gradients_turn() -> None:
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    (reversed_gradient(x, 0.5) * torch.tensor([1.0, 10.0])).sum().backward()
    assert torch.equal(reversed_gradient(x, 0.5), x)
    assert x.grad is not None
    assert x.grad.tolist() == [-0.5, -5.0]


def test_the_reversal_rises_from_nought_to_one() -> None:
    assert strength_at(0.0, "rising") == 0
    assert strength_at(0.5, "rising") == pytest.approx(math.tanh(2.5))  # 2/(1 + e^-2x) - 1 = tanh x
    assert strength_at(0.5, "constant") == 1


def test_the_domain_loss_is_scikit_learns_log_loss() -> None:
    source, target = torch.tensor([[0.3], [-1.0]]), torch.tensor([[2.0], [-0.5]])
    odds = torch.cat([source, target]).sigmoid()[:, 0]
    assert domain_loss(source, target).item() == pytest.approx(log_loss([1, 1, 0, 0], odds), rel=1e-6)


def test_both_domains_weigh_one_half_whatever_their_size() -> None:
    source, target = torch.tensor([[0.3]]), torch.tensor([[2.0]])
    assert domain_loss(source, target.repeat(5, 1)).item() == pytest.approx(domain_loss(source, target).item())


def test_identical_latents_cost_at_least_ln_2() -> None:
    for seed in range(5):
        torch.manual_seed(seed)
        step, _ = halves()
        method = dann(4, 3, hidden=16, dropout=0.0)
        assert method.terms(step, step, MOMENT)["domain"].item() >= math.log(2)


def test_the_discriminator_descends_and_the_encoder_climbs() -> None:
    torch.manual_seed(0)
    source, target = halves()
    method = dann(4, 3, hidden=16, dropout=0.0, schedule="constant", weight=2.0)
    method.terms(source, target, MOMENT)["domain"].backward()
    domains = [method.discriminator(step.latent.detach().requires_grad_()) for step in (source, target)]
    plain = torch.autograd.grad(domain_loss(*domains), method.discriminator[0].weight)[0]
    torch.testing.assert_close(method.discriminator[0].weight.grad, plain)
    straight = source.latent.detach().requires_grad_()
    loss = domain_loss(method.discriminator(straight), method.discriminator(target.latent.detach()))
    torch.testing.assert_close(source.latent.grad, -2 * torch.autograd.grad(loss, straight)[0])


def test_cdan_conditions_each_latent_on_its_predicted_class() -> None:
    step, _ = halves(2)
    expected = [
        np.outer(p, z).ravel() for p, z in zip(step.logits.softmax(1).tolist(), step.latent.tolist(), strict=True)
    ]
    np.testing.assert_allclose(conditioned(step).detach().numpy(), expected, rtol=1e-5)


def test_certain_predictions_weigh_more_by_their_entropy() -> None:
    logits = torch.tensor([[0.0, 0.0, 0.0], [9.0, 0.0, 0.0]])
    expected = 1 + np.exp(-entropy(logits.softmax(1).numpy(), axis=1))
    np.testing.assert_allclose(certainties(logits).numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("entropy", [False, True])
def test_cdan_sends_no_gradient_through_the_predictions(entropy: bool) -> None:
    source, target = halves()
    cdan(4, 3, hidden=16, entropy=entropy).terms(source, target, MOMENT)["domain"].backward()
    assert source.logits.grad is None
    assert source.latent.grad is not None
    assert bool(source.latent.grad.abs().sum() > 0)
