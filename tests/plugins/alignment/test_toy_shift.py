"""On a shift of the kind that its paper is about, every method beats source_only, over seeds, by a stated margin.

All through the engine's own loop. Margins are about half of the mean gain measured over three seeds.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import astrobench_alignment
import pytest
import torch
from plugins.alignment.toy import (
    RULES,
    accuracy,
    brittle,
    clusters,
    open_set,
    open_set_score,
    orientation,
    shortcut,
    trained,
    units,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SEEDS = (0, 1, 2)
NAMES = set(astrobench_alignment.astrobench_methods()) - {"sum:"}
BASELINES = {"source_only", "target_only"}
PARTS = {"fisher"}
"""Reads no target image: on a shift it can gain by luck only, and is there to be combined."""


ELSEWHERE = {name for name in NAMES if name.startswith("cka_")}
"""What a paper on maps proposes for regressions: its claim is about CAMELS, and stands on that leaderboard."""


class Claim(NamedTuple):
    """The shift a method is for, by how much it must win there on average, and what it is trained with."""

    draw: Callable[..., Any] = shortcut
    margin: float = 0.1
    options: dict[str, Any] = {}  # noqa: RUF012 - never changed
    batchnorm: bool = False
    steps: int = 10


ALIGNING = (
    "mmd", "mmd_deepadversaries", "coral", "cmd", "dann", "cdan", "sinkhorn", "jdot", "mcc", "can",
    "mmd+fisher+entropy", "mmd_deepadversaries+fisher+entropy", "dann+fisher+entropy", "skada",
)  # fmt: skip
CLAIMS = {
    **dict.fromkeys(ALIGNING, Claim()),
    "sidda": Claim(margin=0.07, steps=20),  # its weights start at 1 and need steps to be learned
    "entropy": Claim(clusters, margin=0.03),  # sharpens a boundary that is nearly right
    "dance": Claim(open_set, margin=0.15),  # scored by what it knows and by what it refuses
    "adabn": Claim(units, margin=0.1, batchnorm=True),
    "augment": Claim(orientation, margin=0.15),
    "adversarial_training": Claim(brittle, margin=0.4, options={"epsilon": 0.6}),
}


@cache
def scores(name: str, claim: str) -> tuple[float, ...]:
    """Return the target score of a method for each seed, on the shift that another's claim is about."""
    draw, _, options, batchnorm, steps = CLAIMS[claim]
    score = open_set_score if draw is open_set else accuracy
    own = options if name == claim else {}
    runs = (trained(name, seed, draw=draw, batchnorm=batchnorm, steps=steps, **own)[0] for seed in SEEDS)
    return tuple(score(network, draw, target=True) for network in runs)


@cache
def plain_scores(draw: Callable[..., Any], batchnorm: bool, steps: int) -> tuple[float, ...]:
    """Return what source_only scores there: once for all methods of one shift."""
    return scores(
        "source_only", next(n for n, c in CLAIMS.items() if (c.draw, c.batchnorm, c.steps) == (draw, batchnorm, steps))
    )


def installed(name: str) -> bool:
    return name != "skada" or importlib.util.find_spec("skada") is not None


ADAPTING = sorted(NAMES - BASELINES - PARTS - ELSEWHERE)
TRAINED = [
    pytest.param(name, marks=pytest.mark.skipif(not installed(name), reason="skada is not installed"))
    for name in ADAPTING
]


def test_every_method_but_baselines_and_parts_makes_a_claim() -> None:
    assert CLAIMS.keys() == set(ADAPTING)


@pytest.mark.parametrize("draw", [shortcut, clusters, orientation, brittle, units])
def test_source_only_is_right_on_the_source_and_wrong_on_the_target(draw: Callable[..., Any]) -> None:
    network, _ = trained("source_only", seed=0, draw=draw, batchnorm=draw is units)
    assert accuracy(network, draw, target=False) > 0.95
    assert accuracy(network, draw, target=True) < 0.95


@pytest.mark.parametrize("name", TRAINED)
def test_it_beats_source_only_on_every_seed_and_by_its_margin(name: str) -> None:
    claim = CLAIMS[name]
    plain = plain_scores(claim.draw, claim.batchnorm, claim.steps)
    gains = [mine - other for mine, other in zip(scores(name, name), plain, strict=True)]
    assert min(gains) > 0, gains
    assert sum(gains) / len(gains) > claim.margin, gains


@pytest.mark.parametrize("closed", ["entropy", "mcc"])
def test_methods_that_want_every_prediction_certain_lose_an_unknown_class(closed: str) -> None:
    assert all(a < b for a, b in zip(scores(closed, "dance"), plain_scores(open_set, False, 10), strict=True))


@pytest.mark.parametrize("name", [*TRAINED, *sorted(PARTS)])
def test_at_weight_0_it_is_source_only_bit_for_bit(name: str) -> None:
    assert torch.equal(weights(name, weight=0.0), weights("source_only"))


@pytest.mark.parametrize("name", [*TRAINED, *sorted(PARTS)])
def test_at_its_own_weight_the_encoder_becomes_another_and_the_same_each_time(name: str) -> None:
    once = weights(name)
    assert not torch.equal(once, weights("source_only"))
    assert torch.equal(once, weights(name))


def weights(name: str, **options: object) -> torch.Tensor:
    """Return the encoder's weights and statistics after three steps."""
    rules = RULES.model_copy(update={"epochs": 1})
    network, _ = trained(name, seed=0, rules=rules, steps=3, batchnorm=True, **options)
    return torch.cat([value.flatten().float() for value in network.encoder.state_dict().values()])


def test_the_discriminator_learns_to_tell_the_domains_when_nothing_is_unlearned() -> None:
    _, run = trained("dann", seed=0, weight=1e-9, schedule="constant")
    assert run.history[-1]["domain"] < 0.5  # ln 2 = 0.69 is chance


def test_sidda_weighs_the_task_by_itself_after_its_warm_up() -> None:
    _, run = trained("sidda", seed=0, warmup=0.5)
    terms = [{"sinkhorn", "eta"} & told.keys() for told in run.history]
    assert terms == [set()] * 3 + [{"sinkhorn", "eta"}] * 3
    assert run.history[-1]["eta"] < 0  # both weights have left their start of 1, for the task is soon learned


def test_compact_classes_are_what_fisher_is_for() -> None:
    plain, compact = trained("source_only", seed=0)[0], trained("fisher", seed=0, within=1.0)[0]
    assert _spread(compact) < 0.75 * _spread(plain)


def _spread(network: torch.nn.Module) -> float:
    """Return the scatter within classes over the scatter between them, of the latents of new source objects."""
    seen, labels = shortcut(500, torch.Generator().manual_seed(99), target=False)
    with torch.no_grad():
        latent = network(seen).latent
    means = torch.stack([latent[labels == k].mean(0) for k in range(3)])
    return float((latent - means[labels]).square().sum(1).mean() / (means - means.mean(0)).square().sum(1).mean())
