"""What a search promises on CUDA, shown without it: between two looks of the host nothing waits for the device.

Fake tensors have a shape, a dtype and a device, and no values: whatever would need one on the host raises.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from astrobench_perturbations.attempt import Attempt, Population
from astrobench_perturbations.dense import Dense
from astrobench_perturbations.flock import Flock
from astrobench_perturbations.generation import Generation
from astrobench_perturbations.rule import Rule
from astrobench_perturbations.search import Search
from plugins.perturbations.skies import dim, hills
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

POPULATION, GENES = 10, 5
RULE = Rule(POPULATION, 20, 0.5, "resample", (0.0, 1.0))


def generation() -> Generation:
    """Return generations on three fake images on CUDA, which the whole network evaluates."""
    evaluator = object.__new__(Dense)
    evaluator.micro, evaluator.network = 16, hills(lead=1.8)
    evaluator.images = torch.rand(3, 3, 12, 12)
    return Generation(evaluator, RULE, (12, 12))


def attempts(target: int) -> list[Attempt]:
    members = torch.rand(3, POPULATION, GENES, dtype=torch.float64)
    return [Attempt(k, k, 0, target, (2,), Population.unmet(members[k])) for k in range(3)]


@pytest.mark.parametrize("fresh", [[True] * 3, [False] * 3, [True, False, True]])
def test_generations_follow_each_other_without_the_host(fresh: list[bool]) -> None:
    with FakeTensorMode(), torch.device("cuda"), torch.inference_mode():
        one, flock = generation(), Flock.of(attempts(target=1))
        draws = torch.rand(4, 3, POPULATION, 3 + GENES, dtype=torch.float64)
        for number in range(4):
            flock = one.after(flock, draws[number], fresh if number == 0 else [])
        assert {part.device.type for part in (flock.members, flock.champion, flock.reached)} == {"cuda"}
        with pytest.raises(DataDependentOutputException):
            flock.reached.tolist()


@pytest.mark.parametrize(("targeted", "lead"), [(True, 1.8), (False, -0.2)])
def test_how_often_the_host_looks_changes_no_result(targeted: bool, lead: float) -> None:
    images, network, found = dim(40, (3, 12, 12)), hills(lead), []
    rule = replace(RULE, targeted=targeted, only_correct=False)
    for unseen in (1, 3, 8, 100):
        with torch.inference_mode():
            evaluator = Dense(network, 40, images)
        streams = [np.random.default_rng(number) for number in range(40)]
        found.append(Search(evaluator, images, np.zeros(40, np.int64), streams, rule, unseen).run())
    assert 0 < sum(attempt.succeeded for attempt in found[0]) < 40
    assert len({attempt.generation for attempt in found[0]}) > 3
    for others in found[1:]:
        for one, other in zip(found[0], others, strict=True):
            assert told(one) == told(other)
            assert torch.equal(one.population.champion, other.population.champion)


def told(attempt: Attempt) -> tuple[object, ...]:
    """Return what is reported of an attempt."""
    return (
        attempt.image,
        attempt.target,
        attempt.generation,
        attempt.queries,
        attempt.number,
        attempt.succeeded,
        float(attempt.population.height),
    )
