"""A sweep of three methods on 54 blobs, small enough to train in a second, for tests of model selection."""

from __future__ import annotations

import os
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astrobench.adaptation import Alignment, Method
from astrobench.conformance.tiny import Network
from astrobench.conformance.tiny import dataset as blobs
from astrobench.engine import Options, Sweep
from astrobench.plan import make_plan
from astrobench.registry import Plugin, Registry
from astrobench.store import Store
from astrobench.suite import check_suite, merged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import torch
    from astrobench.records import Row
    from astrobench.types import Dataset
    from astrobench.validators import Snapshot

SUITE: dict[str, Any] = {
    "name": "toy", "version": 1, "title": "A toy", "reference": "alone",
    "axes": {
        "dataset": ["blobs"], "domain": ["source", "target"], "architecture": ["tiny"],
        "method": ["alone", "pulled", "leaning", "seeing"], "seed": [0],
    },
    "metrics": ["right"],
    "training": {"epochs": 8, "batch_size": 18, "learning_rate": 2e-2, "schedule": "constant"},
    "predict": {"cka_images": 0},
}  # fmt: skip


def dataset() -> Dataset:
    """Return the blobs; with TOY_PERMUTED in the environment, under the same key, every target label is a wrong one."""
    return blobs(permuted="TOY_PERMUTED" in os.environ)


def tiny(shape: tuple[int, int, int], outputs: int) -> Network:
    """Build the tiny network of the conformance checks."""
    return Network(outputs, ())


class Alone(Method):
    """The task alone."""

    uses_target = False


class Leaning(Alone):
    """Keep the network with the batch-norm statistics of the target."""

    target_statistics = 1.0


class Seeing(Alone):
    """Train on the labelled target: an oracle."""

    oracle = True


def alone(features: int, outputs: int) -> Method:
    """Return the task alone."""
    return Alone()


def pulled(features: int, outputs: int) -> Method:
    """Return a pull of the target's mean latent towards the source's."""

    def distance(source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (source.mean(0) - target.mean(0)).square().sum()

    return Alignment(distance, 1.0)


def leaning(features: int, outputs: int) -> Method:
    """Return the task alone, kept with target statistics."""
    return Leaning()


def seeing(features: int, outputs: int) -> Method:
    """Return an oracle."""
    return Seeing()


def right(clean: Any, perturbed: Any) -> dict[str, Any]:
    """Return no score: outcomes are kept for any classification."""
    return {}


def none(batch: Any, model: Any, rng: Any) -> Any:
    """Return the images as they are."""
    from astrobench.types import Perturbed

    return Perturbed(inputs=batch.inputs)


def spread_of_latents(snapshot: Snapshot) -> float:
    """Return how widely the target's latents lie: a validator that is added after a sweep."""
    return float(np.var(snapshot.target_latent))


PLUGINS = {
    "datasets": {"blobs": dataset}, "architectures": {"tiny": tiny}, "perturbations": {"none": none},
    "metrics": {"right": right},
    "methods": {"alone": alone, "pulled": pulled, "leaning": leaning, "seeing": seeing},
}  # fmt: skip


def registry() -> Registry:
    """Return a registry of the toy's plugins alone."""
    told = [(kind, name, function) for kind, named in PLUGINS.items() for name, function in named.items()]
    return Registry.of_plugins([Plugin(kind, name, function, "toy", "1", "toy") for kind, name, function in told])


def sweep(root: Path, **over: Any) -> Sweep:
    """Return a sweep of the toy in this process; `Registry.load` must give the toy's registry."""
    suite = check_suite(merged(deepcopy(SUITE), over), "toy")
    return Sweep(make_plan(suite, registry(), "", "cpu"), Store(root), Options(in_process=True))


def picked(rows: tuple[Row, ...]) -> dict[str, Row]:
    """Return method → its row on the target."""
    return {row.method: row for row in rows if row.domain == "target"}


@contextmanager
def only_these() -> Iterator[None]:
    """Let the plugins of this module be the only ones inside the block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Registry, "load", classmethod(lambda cls, **only: registry()))
        yield
