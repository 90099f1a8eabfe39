"""The Sinkhorn divergence against geomloss, exact transport and closed forms; and SIDDA built on it."""

from __future__ import annotations

import geomloss
import pytest
import torch
from astrobench import Moment, Step, SuiteError
from astrobench_alignment.sidda import sidda
from astrobench_alignment.sinkhorn import sinkhorn
from astrobench_alignment.transport import sinkhorn_divergence
from scipy.optimize import linear_sum_assignment


def clouds(n: int = 20, m: int = 20, features: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    stream = torch.Generator().manual_seed(0)
    s = torch.randn(n, features, generator=stream, dtype=torch.float64)
    t = 0.7 * torch.randn(m, features, generator=stream, dtype=torch.float64) + 0.5
    return s.requires_grad_(), t.requires_grad_()


@pytest.mark.parametrize("blur", [0.05, 0.3])
@pytest.mark.parametrize("m", [20, 31])
def test_value_and_gradient_are_geomlosss(blur: float, m: int) -> None:
    s, t = clouds(m=m)
    theirs = geomloss.SamplesLoss("sinkhorn", p=2, blur=blur * torch.cdist(s, t).max().item(), scaling=0.97)(s, t)
    ours = sinkhorn_divergence(s, t, blur=blur, scaling=0.97)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-3)  # both stop annealing short of convergence
    for mine, other in zip(torch.autograd.grad(ours, (s, t)), torch.autograd.grad(theirs, (s, t)), strict=True):
        assert float((mine - other).norm() / other.norm()) < 0.01


def test_little_blur_is_exact_transport() -> None:
    s, t = clouds(n=12, m=12)
    cost = (torch.cdist(s, t) ** 2 / 2).detach().numpy()
    exact = cost[linear_sum_assignment(cost)].mean()
    assert sinkhorn_divergence(s, t, blur=0.005, scaling=0.97, least=0.0).item() == pytest.approx(exact, rel=0.01)


def test_a_translation_costs_half_its_square() -> None:
    s, _ = clouds()
    moved = s.detach() + torch.tensor([3.0, 0.0, 4.0])
    assert sinkhorn_divergence(s, moved, scaling=0.97).item() == pytest.approx(25 / 2, rel=1e-3)


def test_identical_batches_cost_nothing_and_pull_nowhere() -> None:
    s, _ = clouds()
    value = sinkhorn_divergence(s, s.detach().clone())
    assert value.item() == pytest.approx(0, abs=1e-12)
    assert float(torch.autograd.grad(value, s)[0].abs().max()) < 1e-12


def test_collapsed_batches_are_finite() -> None:
    s = torch.zeros(4, 3, requires_grad=True)
    value = sinkhorn_divergence(s, torch.zeros(5, 3))
    assert value.item() == 0
    assert bool(torch.autograd.grad(value, s)[0].isfinite().all())


def test_the_method_divides_by_the_width_of_the_latent() -> None:
    s, t = clouds()
    wide = [torch.cat([part, part], dim=1) for part in (s, t)]
    distance = sinkhorn(3, 3).distance
    assert distance(*wide).item() == pytest.approx(distance(s, t).item(), rel=1e-6)


@pytest.mark.parametrize("wrong", [{"blur": 0.0}, {"blur": 1.0}, {"scaling": 1.5}])
@pytest.mark.parametrize("build", [sinkhorn, sidda])
def test_blur_and_scaling_outside_nought_to_one_are_refused(build: object, wrong: dict[str, float]) -> None:
    (name,) = wrong
    with pytest.raises(SuiteError, match=f"{name} of (sinkhorn|sidda) must be between 0 and 1, not"):
        build(4, 3, **wrong)  # type: ignore[operator]


def halves() -> tuple[Step, Step]:
    s, t = clouds(12, 12)
    return Step(s, s, torch.arange(12) % 3), Step(t, t)


def test_sidda_is_its_published_formula() -> None:
    source, target = halves()
    method = sidda(3, 3, weight=0.5).double()
    method.eta.data = torch.tensor([2.0, 3.0], dtype=torch.float64)
    terms = method.terms(source, target, Moment(9, 0.5))
    task = torch.nn.functional.cross_entropy(source.logits, source.labels)
    assert terms["task"].item() == pytest.approx(task.item() / (2 * 2**2))
    assert terms["sinkhorn"].item() == pytest.approx(
        0.5 * sinkhorn_divergence(source.latent, target.latent).item() / 18
    )
    assert terms["eta"].item() == pytest.approx(torch.tensor(6.0).log().item())


def test_sidda_is_at_rest_where_eta_squared_is_each_loss() -> None:
    source, target = halves()
    method = sidda(3, 3).double()
    losses = torch.stack(
        [
            torch.nn.functional.cross_entropy(source.logits, source.labels),
            sinkhorn_divergence(source.latent, target.latent),
        ]
    )
    method.eta.data = losses.detach().sqrt()
    torch.stack(list(method.terms(source, target, Moment(9, 0.5)).values())).sum().backward()
    torch.testing.assert_close(method.eta.grad, torch.zeros(2, dtype=torch.float64), rtol=0, atol=1e-9)


@pytest.mark.parametrize(("start", "kept"), [((-1.0, 2.0), (1e-3, 2.0)), ((4.0, 0.1), (4.0, 1.0))])
def test_sidda_keeps_eta_within_its_bounds(start: tuple[float, float], kept: tuple[float, float]) -> None:
    method = sidda(3, 3).double()
    method.eta.data = torch.tensor(start, dtype=torch.float64)
    method.terms(*halves(), Moment(9, 0.5))
    assert method.eta.tolist() == pytest.approx(kept)


def test_sidda_learns_the_task_alone_while_it_warms_up() -> None:
    assert not sidda(3, 3, warmup=0.2).terms(*halves(), Moment(0, 0.19))
    assert sidda(3, 3, warmup=0.2).double().terms(*halves(), Moment(1, 0.2))
