"""The debiased Sinkhorn divergence between two batches, in the log domain."""

from __future__ import annotations

import math

import torch


def sinkhorn_divergence(
    source: torch.Tensor, target: torch.Tensor, *, blur: float = 0.05, scaling: float = 0.9, least: float = 0.01
) -> torch.Tensor:
    """Return OT_ε(s, t) − ½ OT_ε(s, s) − ½ OT_ε(t, t) for the cost ½‖u − v‖², a scalar.

    source: float (n, F), target: float (m, F), points of equal mass. ε is annealed from the square of the largest
    distance between the domains, D², by scaling² a step, down to max(blur · D, least)²; D has no gradient. Between
    ½ W₂² (blur → 0) and ½‖difference of means‖² (blur → ∞); 0 for identical batches.

    Source: Feydy et al. 2019, arXiv 1810.08278; annealing and symmetric updates as there, §3.3.
    """
    with torch.no_grad():
        costs = _costs(source, target)
        steps = annealing(costs[0], blur, scaling, least)
        duals = _duals(costs, steps)
    # the potentials are optimal, so only the last half-step carries a gradient (the envelope theorem)
    last = _updated(_costs(source, target), duals, steps[-1])
    return (last[0] - last[2]).mean() + (last[1] - last[3]).mean()


def annealing(cost: torch.Tensor, blur: float, scaling: float, least: float) -> torch.Tensor:
    """Return ε at each step, falling, float (steps,), for the cost ½‖s − t‖² float (n, m).

    How many there are depends on blur and scaling alone, so no device is waited for.
    """
    count = max(math.ceil(math.log(blur) / math.log(scaling)), 0) + 2
    falling = torch.tensor([max(scaling**step, blur) for step in range(count)], dtype=cost.dtype)
    diameter = (2 * cost.max()).sqrt()
    return (falling.to(cost.device) * diameter).clamp(min=least).square()


def _costs(source: torch.Tensor, target: torch.Tensor) -> list[torch.Tensor]:
    """Return the costs s→t, t→s, s→s, t→t; in each only the first batch has a gradient."""
    middle = torch.cat([source, target]).detach().mean(dim=0)  # small numbers, so that their squares keep digits
    s, t = source - middle, target - middle
    pairs = ((s, t), (t, s), (s, s), (t, t))
    return [half_squares(here, there.detach()) for here, there in pairs]


def half_squares(here: torch.Tensor, there: torch.Tensor) -> torch.Tensor:
    """Return ½‖u − v‖², float (n, m), of here float (n, F) and there float (m, F)."""
    squares = here.square().sum(dim=1)[:, None] + there.square().sum(dim=1)[None, :]
    return (squares / 2 - here @ there.T).clamp(min=0)


def _duals(costs: list[torch.Tensor], steps: torch.Tensor) -> list[torch.Tensor]:
    """Return the potentials f(s→t), g(t→s), f(s→s), g(t→t) after all steps."""
    nothing = [cost.new_zeros(cost.shape[0]) for cost in costs]
    duals = _updated(costs, nothing, steps[0])
    for epsilon in steps:
        updated = _updated(costs, duals, epsilon)
        duals = [(old + new) / 2 for old, new in zip(duals, updated, strict=True)]
    return duals


def _updated(costs: list[torch.Tensor], duals: list[torch.Tensor], epsilon: torch.Tensor) -> list[torch.Tensor]:
    """Return the soft minimum of cost − dual over the other batch: f from g, g from f, and each from itself."""
    others = (duals[1], duals[0], duals[2], duals[3])
    return [_softmin(cost, other, epsilon) for cost, other in zip(costs, others, strict=True)]


def _softmin(cost: torch.Tensor, dual: torch.Tensor, epsilon: torch.Tensor) -> torch.Tensor:
    exponents = (dual - cost) / epsilon
    return -epsilon * (exponents.logsumexp(dim=1) - math.log(cost.shape[1]))
