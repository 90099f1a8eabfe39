"""A training that ends after every epoch and goes on is the training that nothing disturbed, bit for bit.

On every network and every method that is installed, in three bands, through the checkpoints' files: a network or a
method of ours is tested here by being registered.
"""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Any

import pytest
import torch
from astrobench import Method
from astrobench.conformance.seeding import steadily
from astrobench.registry import Plugin, Registry
from astrobench.stages.weights import trained_model

from reliability.stopped import assert_same, bench, ended, job_of

if TYPE_CHECKING:
    from pathlib import Path

    from astrobench import Moment, Step

INSTALLED = Registry.load(("astrobench",))
OPTIMISERS = ("adam", "adamw", "sgd")
MEMBERS = {
    "timm:": ("timm:test_resnet", "timm:test_efficientnet_ln", "timm:test_vit"),
    "sum:": ("sum:can+dance+dann+augment",),
}
"""Members that stand for a family: of timm's, one with batch norm, one without, and one without convolutions."""
HEAVY: dict[str, dict[str, Any]] = {"resnet18": {"epochs": 2, "checkpoints": 1}}
"""Eleven million weights are 180 MB a checkpoint."""
SMALL: dict[str, dict[str, Any]] = {
    **{name: {"hidden": 16} for name in ("dann", "cdan", "dann+fisher+entropy")},
    **{name: {"warmup": 0.0} for name in ("cka_collapse", "cka_paired", "cka_structure")},
    "dance": {"memory": 40},
    "sidda": {"warmup": 0.4, "scaling": 0.5},
    "sinkhorn": {"scaling": 0.5},
}


def installed(kind: str) -> list[str]:
    """Return the names of a kind, families by their members."""
    return [member for name in INSTALLED.names(kind) for member in MEMBERS.get(name, (name,))]


def goes_on(folder: Path, *names: Any, **rules: Any) -> None:
    """Assert that a training that is stopped after every epoch is one that is not."""
    job = job_of(INSTALLED, *names, **rules)
    assert_same(*(ended(INSTALLED, folder / str(stopping), job, stopping=stopping) for stopping in (True, False)))


@pytest.mark.parametrize("optimizer", OPTIMISERS)
@pytest.mark.parametrize("architecture", installed("architectures"))
def test_every_network_goes_on_to_the_same_bits(architecture: str, optimizer: str, tmp_path: Path) -> None:
    goes_on(tmp_path, architecture, "source_only", optimizer=optimizer, **HEAVY.get(architecture, {}))


@pytest.mark.parametrize("optimizer", OPTIMISERS)
@pytest.mark.parametrize("method", installed("methods"))
def test_every_method_goes_on_to_the_same_bits(method: str, optimizer: str, tmp_path: Path) -> None:
    if method == "skada" and importlib.util.find_spec("skada") is None:
        pytest.skip("skada is not installed")
    goes_on(tmp_path, "convnet", method, SMALL.get(method), optimizer=optimizer)


@pytest.mark.parametrize(
    "rules",
    [
        {"quirks": ("no_gradient_reset",), "gradient_clip": 0.5, "optimizer": "sgd"},
        {"quirks": ("random_batches",), "batchnorm": "running", "augment": ("flips", "rotations")},
        {"precision": "bf16", "schedule": "one_cycle", "weight_decay": 0.01},
    ],
    ids="+".join,
)
def test_every_rule_goes_on_to_the_same_bits(rules: dict[str, Any], tmp_path: Path) -> None:
    goes_on(tmp_path, "convnet", "mmd+fisher+entropy", **rules)


class Drifting(Method):
    """Follows the mean latent of the target in a buffer that it makes anew, in another type and order of memory."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("means", torch.zeros(3, features))

    def terms(self, source: Step, target: Step | None, moment: Moment) -> dict[str, torch.Tensor]:
        """Return the distance of the source's mean latent from the means; move one of them."""
        assert target is not None
        now = target.latent.detach().double().mean(dim=0)
        self.means = torch.stack([0.9 * self.means[0] + 0.1 * now, *self.means[:2]], dim=1).T
        apart = source.latent.mean(dim=0) @ self.means.T.float()
        return {"drift": apart.square().sum()}


def drifting(features: int, outputs: int) -> Drifting:
    """Build it."""
    return Drifting(features)


def test_a_buffer_comes_back_in_the_type_and_order_that_it_had(tmp_path: Path) -> None:
    mine = Plugin("methods", "drifting", drifting, "mine", "1.0", "mine")
    registry = Registry.of_plugins([*INSTALLED.plugins, mine])
    job = job_of(registry, "convnet", "drifting")
    stopped, whole = (ended(registry, tmp_path / str(stop), job, stopping=stop) for stop in (True, False))
    assert_same(stopped, whole)
    head, tensors = whole.files["last"]
    assert tensors["method/means"].dtype == torch.float64
    assert head["strides"]["method/means"] == [1, 3]


def test_it_ends_in_the_store_as_the_other_does(tmp_path: Path) -> None:
    job, results = job_of(INSTALLED, "convnet", "can"), []
    for stopping in (True, False):
        folder = tmp_path / str(stopping)
        ended(INSTALLED, folder, job, stopping=stopping)
        with steadily():
            model = trained_model(bench(INSTALLED, folder, job))
        trained = bench(INSTALLED, folder, job).store.read("trainings", job.key)
        assert trained is not None
        results.append((trained["result"], {name: value.tolist() for name, value in model.state_dict().items()}))
        assert not (folder / "checkpoints" / job.key).exists()
    assert results[0] == results[1]
