"""What each method costs where the domains agree: nothing, or the floor that its docstring tells."""

from __future__ import annotations

import importlib.util
import math

import astrobench_alignment
import pytest
import torch
from astrobench import Method, Moment, Step
from plugins.alignment.toy import method

N, FEATURES, OUTPUTS = 12, 4, 3
END = Moment(9, 1.0)
NOTHING = {"source_only", "target_only", "adabn", "augment", "adversarial_training", "fisher"}
"""No term, or one that does not look at the target."""

FLOORS = {
    "mmd": (-2 / N, 0.0),  # −(2/n)(1 − mean k), k in (0, 1]
    "mmd_deepadversaries": (0.01 * 1e-4, 0.01 * 1e-4),
    "coral": (0.0, 0.0),
    "cmd": (0.0, 0.0),
    "sinkhorn": (0.0, 0.0),
    "dann": (math.log(2), math.inf),  # of a discriminator that cannot know better; more where it guesses
    "cdan": (math.log(2), math.inf),
    "entropy": (0.0, 0.0),
    "mcc": (0.0, 0.0),
    "jdot": (0.0, 0.0),
    "can": (-2.0, 0.0),  # no distance within classes, whatever there is between them
    "dance": (-0.05 * math.log(OUTPUTS) / 2, 0.05 * math.log(512)),
    "skada": (0.0, 0.0),
}


def agreeing() -> tuple[Step, Step]:
    """Return two halves of the same latents, with predictions that are right and certain."""
    torch.manual_seed(3)
    latent, labels = torch.randn(N, FEATURES, dtype=torch.float64), torch.arange(N) % OUTPUTS
    logits = 200 * torch.nn.functional.one_hot(labels, OUTPUTS).double()
    return Step(latent, logits, labels), Step(latent.clone(), logits.clone())


def cost(built: Method) -> float:
    return sum(term.item() for term in built.double().eval().terms(*agreeing(), END).values())


def test_every_method_that_looks_at_the_target_has_a_floor_here() -> None:
    names = astrobench_alignment.astrobench_methods().keys() - {"sum:"}
    of_layers = {name for name in names if name.startswith("cka_")}  # they read layers, and have tests of their own
    combined = {name for name in names if "+" in name}
    assert FLOORS.keys() | NOTHING | combined | of_layers | {"sidda"} == names


@pytest.mark.parametrize("name", FLOORS)
def test_where_the_domains_agree_it_costs_its_floor(name: str) -> None:
    if name == "skada" and importlib.util.find_spec("skada") is None:
        pytest.skip("skada is not installed")
    low, high = FLOORS[name]
    assert low - 1e-9 <= cost(method(name)(FEATURES, OUTPUTS)) <= high + 1e-9


def test_siddas_divergence_costs_nothing_there() -> None:
    terms = method("sidda")(FEATURES, OUTPUTS).double().terms(*agreeing(), END)
    assert terms["sinkhorn"].item() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("name", ["mmd", "coral", "cmd", "sinkhorn", "mmd_deepadversaries"])
def test_it_costs_more_where_they_do_not(name: str) -> None:
    source, target = agreeing()
    built = method(name)(FEATURES, OUTPUTS).double()
    away = sum(t.item() for t in built.terms(source, Step(2 * target.latent + 1, target.logits), END).values())
    assert away > cost(built)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("mmd", "negative"),
        ("mmd_deepadversaries", "1e-4"),
        ("can", "negative"),
        ("dance", "floor"),
        ("dann", "ln 2"),
        ("cdan", "ln 2"),
    ],
)
def test_a_floor_that_is_not_nought_stands_in_the_docstring(name: str, word: str) -> None:
    assert word in (method(name).__doc__ or "")
