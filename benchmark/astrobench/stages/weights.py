"""A network with its trained weights: from the store, or by training it now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from astrobench.adaptation import Method
from astrobench.choices import check_rule
from astrobench.errors import DataError, PluginError, StoreError
from astrobench.grams import layers_of
from astrobench.seeds import seed_of
from astrobench.stages.bench import inputs_of
from astrobench.stages.checkpoints import checkpoint_in
from astrobench.stages.datasets import plugin_of
from astrobench.stages.keeping import keep_all, teller
from astrobench.stages.networks import built, load, outputs_of, picked
from astrobench.suite import Training
from astrobench.training import Material, train
from astrobench.training.regression import in_ranges
from astrobench.types import Regression

if TYPE_CHECKING:
    from torch import nn

    from astrobench.plan import Job
    from astrobench.stages.bench import Bench
    from astrobench.types import Dataset, Labelled


def trained_model(bench: Bench, compared: tuple[str, ...] = ()) -> nn.Module:
    """Return the network with its trained weights, in eval mode.

    compared: the layers that CKA will ask for. Raises PluginError, before anything is trained, for one that it lacks.
    """
    model = _network(bench)
    layers_of(model, compared)
    _check_rule(bench)
    weights = picked(bench.store, bench.job)
    if weights is not None:
        return load(model, weights)
    _train(bench, model)
    return stored_model(bench)


def stored_model(bench: Bench) -> nn.Module:
    """Return the network, built anew, with the weights that are in the store, in eval mode.

    Not the one that was trained: what a method left on it, a hook say, a run that goes on later would not find. Raises
    StoreError where the store lacks the weights.
    """
    weights = picked(bench.store, bench.job)
    if weights is None:
        raise StoreError(f"{bench.store.root} loses what is written to it: see `astrobench fsck`")
    return load(_network(bench), weights)


def _check_rule(bench: Bench) -> None:
    """Refuse what a plan could not: a regression whose plugin does not say that it is one."""
    if isinstance(bench.dataset, Regression):
        check_rule(str(bench.job.training["selection"]), bench.job.dataset.label)


def _train(bench: Bench, model: nn.Module) -> None:
    job = bench.job
    method = _method(bench, model)
    material = _material(bench, oracle=method.oracle, paired=method.paired)
    scope = f"{job.dataset_key}/{job.seed}"
    folder = bench.store.root / "checkpoints" / job.key
    checkpoint = checkpoint_in(folder, bench.device, teller(bench))
    run = train(model, method.to(bench.device), material, _rules(job), scope, checkpoint)
    if run.best_epoch not in run.kept:
        model.load_state_dict(run.best)
        checkpoint.keep(run.best_epoch, model)
    keep_all(bench, run, folder, oracle=method.oracle)


def _rules(job: Job) -> Training:
    """Return the rules of a training. Any rule of selection may be asked for when it is over, so none shapes it."""
    told: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in job.training.items()}
    return Training(**told | {"selection": "source_valid"})


def _network(bench: Bench) -> nn.Module:
    """Return the network with its initial weights, which depend on (dataset, architecture, seed) only."""
    model = built(bench.registry, bench.job, bench.dataset)
    return model.to(bench.device).to(memory_format=torch.channels_last)


def _method(bench: Bench, model: nn.Module) -> Method:
    job, dataset = bench.job, bench.dataset
    shape = (2, *dataset.train.images.shape[1:])
    with torch.inference_mode():
        features = model.eval()(torch.zeros(shape, device=bench.device)).latent.shape[1]
    torch.manual_seed(seed_of(job.key, "method"))
    method = plugin_of(bench.registry, job.method)(features, outputs_of(dataset), **job.method.params)
    if not isinstance(method, Method):
        raise PluginError(f"method {job.method.plugin!r} returned {type(method).__name__}, expected astrobench.Method")
    method.wanted_layers = layers_of(model, method.wanted_layers)
    if method.needs_classes and isinstance(dataset, Regression):
        raise PluginError(f"method {job.method.label!r} needs class labels, and {job.dataset.label!r} is a regression")
    return method


def _material(bench: Bench, *, oracle: bool, paired: bool) -> Material:
    dataset = bench.dataset
    train: Labelled = dataset.train
    if oracle:
        if dataset.oracle is None:
            raise DataError(
                f"dataset {bench.job.dataset.label!r} has no labels of its target's training images, and method"
                f" {bench.job.method.label!r} is an oracle, which learns from them: label them, or leave the method out"
            )
        train = dataset.oracle()
    return Material(
        inputs=inputs_of(bench, train),
        labels=_learned(dataset, train).to(bench.device),
        valid_inputs=inputs_of(bench, dataset.valid),
        valid_labels=_learned(dataset, dataset.valid).to(bench.device),
        target_inputs=inputs_of(bench, dataset.target),
        classes=0 if isinstance(dataset, Regression) else len(dataset.classes),
        partners=_partners(bench) if paired else None,
    )


def _partners(bench: Bench) -> torch.Tensor:
    """Return which target image shows the object of each training image, int64 (N,).

    Raises DataError for training images without a partner, or with several that may be it.
    """
    dataset = bench.dataset
    place = {str(name): row for row, name in enumerate(dataset.target.ids)}
    alone = [str(name) for name in dataset.train.ids if str(name) not in place]
    if alone:
        raise DataError(
            f"method {bench.job.method.label!r} needs pairs, and {len(alone)} of {len(dataset.train.ids)} training"
            f" images of {bench.job.dataset.label!r} have no target image of the same id (the first is {alone[0]!r})"
        )
    names, counts = np.unique(dataset.target.ids, return_counts=True)
    several = np.intersect1d(names[counts > 1], dataset.train.ids)
    if several.size:
        raise DataError(
            f"method {bench.job.method.label!r} needs pairs, and {len(several)} ids of {bench.job.dataset.label!r} name"
            f" several target images (the first is {str(several[0])!r}): nothing tells which is the partner; bring one"
            " target image an id, or leave the method out"
        )
    return torch.tensor([place[str(name)] for name in dataset.train.ids])


def _learned(dataset: Dataset, part: Labelled) -> torch.Tensor:
    """Return labels as they are learned: int64 (N,) classes, or float32 (N, P) fractions of the targets' ranges."""
    labels = np.array(part.labels)  # the dataset's own are read-only, which a tensor would ignore
    return torch.from_numpy(in_ranges(labels, dataset.ranges) if isinstance(dataset, Regression) else labels)
