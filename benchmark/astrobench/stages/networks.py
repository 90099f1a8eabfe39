"""A network as it is built, and the weights that were kept of its training. Nothing here trains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from astrobench.errors import DataError
from astrobench.seeds import seed_of
from astrobench.stages.choosing import epoch_by
from astrobench.stages.datasets import plugin_of, registry_of
from astrobench.stages.keeping import weights_key
from astrobench.types import Regression

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from astrobench.plan import Job
    from astrobench.registry import Registry
    from astrobench.store import Store
    from astrobench.types import Dataset

AGAIN = "run the suite again"


def built(registry: Registry, job: Job, dataset: Dataset) -> nn.Module:
    """Return the network with its initial weights, which depend on (dataset, architecture, seed) only."""
    torch.manual_seed(seed_of(job.dataset_key, job.architecture.identity, job.seed, "weights"))
    build = plugin_of(registry, job.architecture)
    model: nn.Module = build(dataset.train.images.shape[1:], outputs_of(dataset), **job.architecture.params)
    return model


def outputs_of(dataset: Dataset) -> int:
    """Return how many outputs a network has: one a class, or two a target of a regression."""
    return len(dataset.classes) * (2 if isinstance(dataset, Regression) else 1)


def picked(store: Store, job: Job) -> dict[str, np.ndarray] | None:
    """Return the weights of the epoch that the suite's rule picks, or None where they are not in the store."""
    trained = store.read("trainings", job.key)
    if trained is None or not all(map(store.holds, [*trained["result"]["told"], trained["result"]["images"]])):
        return None
    epoch = epoch_by(str(job.training["selection"]), store, trained["result"])
    kept = store.read("weights", weights_key(job.key, epoch))
    return store.get(kept["result"]["weights"]) if kept and store.holds(kept["result"]["weights"]) else None


def load(model: nn.Module, weights: dict[str, np.ndarray]) -> nn.Module:
    """Give a network its trained weights and return it, in eval mode."""
    model.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return model.eval()


def shown_network(store: Store, job: Job, dataset: Dataset) -> nn.Module:
    """Return the trained network on the CPU, in eval mode, with the weights that the suite's rule picks.

    Raises DataError where they are not in the store: nothing is trained here.
    """
    weights = picked(store, job)
    if weights is None:
        named = f"{job.architecture.label}, {job.method.label}, seed {job.seed}"
        raise DataError(f"the weights of {named} (training {job.key[:12]}) are not in {store.root}: {AGAIN}")
    return load(built(registry_of(job.architecture), job, dataset), weights)


def shown_history(store: Store, job: Job) -> list[dict[str, Any]]:
    """Return what a training was told after each epoch. Raises DataError where no such training is in the store."""
    trained = store.read("trainings", job.key)
    if trained is None:
        raise DataError(f"training {job.key[:12]} is not in {store.root}: {AGAIN}")
    history: list[dict[str, Any]] = trained["result"]["history"]
    return history
