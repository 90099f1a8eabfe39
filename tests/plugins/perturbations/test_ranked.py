"""What ranking in bfloat16 promises: another search, as good, of which only what float32 has seen is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from astrobench import Output, Streams
from astrobench_perturbations import ranked as module
from astrobench_perturbations.attempt import Attempt, Population
from astrobench_perturbations.dense import Dense
from astrobench_perturbations.evaluators import evaluator_for, whole_for
from astrobench_perturbations.few_pixel import few_pixel
from astrobench_perturbations.flock import Flock
from astrobench_perturbations.graph import stages_of
from astrobench_perturbations.one_pixel import one_pixel
from astrobench_perturbations.ranked import FEW, Ranked, halved, is_worth_it
from plugins.perturbations.nets import Net, conv_net
from plugins.perturbations.skies import dim, hills, pixels_of, sky
from scipy import stats
from torch import nn

if TYPE_CHECKING:
    from astrobench_perturbations.evolution import Pixels

SHAPE = (3, 20, 20)
RNG = Streams("ranked")
SMALL = {"population": 30, "generations": 10}


class Picky(nn.Module):
    """A network that takes float32 and nothing else."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(1200, 3)

    def forward(self, images: torch.Tensor) -> Output:
        if images.dtype != torch.float32:
            raise TypeError("float32 or nothing")
        return Output(images.flatten(1), self.head(images.flatten(1)))


def sharp() -> Net:
    """Return a small network in which one pixel counts."""
    torch.manual_seed(5)
    model = conv_net(side=20)
    with torch.no_grad():
        model.head.weight.mul_(12)
    return model


def pixels(n: int) -> Pixels:
    stream = np.random.default_rng(0)
    rows, cols = stream.integers(20, size=(2, n))
    return pixels_of(rows, cols, stream.uniform(0, 1, (n, 3)))


def of(model: nn.Module, slots: int = 2) -> Ranked:
    with torch.inference_mode():
        found = Ranked.of(model, slots, torch.rand(2, *SHAPE))
    assert found is not None
    return found


@torch.inference_mode()
def test_it_ranks_within_rounding_and_confirms_to_the_bit() -> None:
    model, images, slots = sharp(), torch.rand(2, *SHAPE), torch.arange(70) % 2
    ranked, dense = of(model), Dense(model, 2, images)
    dense.micro = FEW
    for one in (ranked, dense):
        one.place([0, 1], images)
    expected = dense.logits(slots, pixels(70))
    found = ranked.logits(slots, pixels(70))
    assert found.dtype == torch.float32
    assert 0 < (found - expected).abs().max() < 0.1 * expected.abs().max()
    assert stats.spearmanr(found[:, 0], expected[:, 0]).statistic > 0.9
    assert torch.equal(ranked.confirmed(slots, pixels(70)), expected)


def test_every_success_is_one_in_float32_and_there_are_as_many() -> None:
    model, batch = hills(lead=1.8), sky(dim(100, (3, 12, 12)), np.zeros(100, np.int64))
    rates = {}
    for ranking in ("float32", "bf16"):
        found = one_pixel(batch, model, RNG, population=10, generations=20, only_correct=False, ranking=ranking)
        assert found.inputs is not None
        chance = model(found.inputs).logits.softmax(1).detach().numpy()
        reached = chance[np.arange(100), found.facts["target"]] > 0.5
        np.testing.assert_array_equal(found.facts["success"], reached)
        rates[ranking] = reached.mean()
    assert 0.5 < rates["float32"] < 0.9
    assert rates["bf16"] >= rates["float32"] - 0.1


def test_a_rank_that_is_wrong_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    sure = torch.tensor([-9.0, 9.0, 9.0])
    monkeypatch.setattr(Ranked, "logits", lambda self, slots, pixels: sure.expand(len(slots), 3))
    monkeypatch.setattr(module, "agree", lambda found, expected, tolerance: True)
    model, batch = hills(lead=9.0), sky(dim(3, (3, 12, 12)), np.zeros(3, np.int64))
    found = one_pixel(batch, model, RNG, **SMALL, ranking="bf16").facts
    assert found["evaluator"].tolist() == [2, 2, 2]
    assert not found["success"].any()
    assert found["generations"].tolist() == [10, 10, 10]


def flock() -> Flock:
    """Return two searches for class 1 of five members, neither of which was met."""
    members = torch.arange(10.0, dtype=torch.float64).view(5, 2)
    return Flock.of([Attempt(k, k, 0, 1, (2,), Population.unmet(members + 10 * k)) for k in range(2)])


def test_only_what_is_certain_counts() -> None:
    met = flock().met(torch.ones(2, 5, 2, dtype=torch.float64), torch.tensor([[0.9, 0.2, 0.8, 0.7, 0.1]] * 2))
    assert met.reached.tolist() == [0, 0]
    told = met.told(torch.tensor([[0, 2, 3]] * 2), torch.tensor([[0.3, 0.6, torch.nan], [0.3, 0.2, 0.1]]))
    assert told.reached.tolist() == [1, 0]
    assert torch.equal(told.champion, met.members[[0, 1], [2, 0]])
    torch.testing.assert_close(told.fitness[0], torch.tensor([0.3, 0.2, 0.6, -torch.inf, 0.1]))


def test_a_champion_outlives_a_rival_that_only_ranked_higher() -> None:
    ones, sevens = (torch.full((2, 5, 2), value, dtype=torch.float64) for value in (1, 7))
    known = flock().met(ones, torch.tensor([[0.4, 0, 0, 0, 0]] * 2)).told(*certain(0.45))
    after = known.met(sevens, torch.tensor([[0.49, 0, 0, 0, 0]] * 2)).told(*certain(0.2))
    assert torch.equal(after.champion, ones[:, 0])
    assert after.height.tolist() == pytest.approx([0.45, 0.45])
    (population, _), attempt = after.populations(), Attempt(0, 0, 0, 1, (2,), flock().populations()[0])
    again = attempt.after(population, 2, succeeded=False).again(torch.zeros(5, 2, dtype=torch.float64))
    assert (again.target, again.later, again.generation, again.queries, again.number) == (2, (), -1, 10, 2)
    assert float(again.population.height) == -np.inf


def test_a_search_that_has_succeeded_is_left_as_it_is() -> None:
    ones, sevens = (torch.full((2, 5, 2), value, dtype=torch.float64) for value in (1, 7))
    won = flock().met(ones, torch.zeros(2, 5)).told(torch.zeros(2, 1, dtype=torch.int64), torch.tensor([[0.6], [0.4]]))
    after = won.met(sevens, torch.full((2, 5), 0.9)).told(*certain(0.95))
    assert after.reached.tolist() == [1, 2]
    assert torch.equal(after.members, torch.stack([won.members[0], sevens[1]]))
    assert torch.equal(after.champion, torch.stack([won.champion[0], sevens[1, 0]]))
    assert after.height.tolist() == pytest.approx([0.6, 0.95])


def certain(fitness: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return that the first member of both searches has a fitness."""
    return torch.zeros(2, 1, dtype=torch.int64), torch.full((2, 1), fitness)


def test_logits_are_not_rounded_to_steps() -> None:
    halves = halved(sharp())
    numbers = halves(torch.rand(64, *SHAPE).bfloat16()).logits
    assert numbers.dtype == torch.float32
    assert not torch.equal(numbers, numbers.bfloat16().float())
    assert {p.dtype for p in halves.trunk.parameters()} == {torch.bfloat16}


def test_a_network_that_has_no_bfloat16_is_served_in_float32() -> None:
    assert isinstance(whole_for(Picky().eval(), 1, torch.rand(2, *SHAPE), "bf16"), Dense)


def test_a_network_that_says_something_else_in_bfloat16_is_served_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "halved", lambda network: halved(conv_net(side=20)))
    monkeypatch.setattr(module, "stages_of", lambda network, shape: stages_of(conv_net(side=20), shape))
    assert isinstance(whole_for(sharp(), 1, torch.rand(2, *SHAPE), "bf16"), Dense)


@pytest.mark.parametrize(("tiles", "least", "kind"), [(True, 1, Ranked), (False, 1, Dense), (True, 10**9, Dense)])
def test_auto_asks_for_tiles_and_a_large_network(
    monkeypatch: pytest.MonkeyPatch, *, tiles: bool, least: int, kind: type
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": tiles}, raising=False)
    monkeypatch.setattr(module, "LARGE", least)
    assert isinstance(evaluator_for(conv_net(side=20), 1, torch.rand(2, *SHAPE), "auto"), kind)
    assert isinstance(evaluator_for(conv_net(side=20), 1, torch.rand(2, *SHAPE)), Dense)


def test_a_network_is_as_large_as_its_multiply_adds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True}, raising=False)
    model, image = nn.Sequential(nn.Conv2d(3, 4, 3)), torch.rand(1, 3, 10, 10)
    adds = 8 * 8 * 4 * 27
    for least, expected in ((adds, True), (adds + 1, False)):
        monkeypatch.setattr(module, "LARGE", least)
        assert is_worth_it(model, image) is expected


def test_a_few_pixels_are_ranked_too() -> None:
    found = few_pixel(sky(dim(2, SHAPE)), sharp(), RNG, pixels=2, population=8, generations=2, ranking="bf16").facts
    assert found["evaluator"].tolist() == [2, 2]
    whole = few_pixel(sky(dim(2, SHAPE)), sharp(), RNG, pixels=2, population=8, generations=2).facts
    assert whole["evaluator"].tolist() == [0, 0]
