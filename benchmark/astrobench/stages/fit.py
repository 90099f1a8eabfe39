"""Second stage: one training and the cells that share it, load → train → (perturb → predict)*.

No target label is in reach of a method or of a perturbation of the target domain.
"""

from __future__ import annotations

import contextlib
import ctypes
import traceback
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from astrobench.adaptation import Method
from astrobench.environment import provenance
from astrobench.errors import AstrobenchError, DataError, PluginError
from astrobench.plan import cell_from, job_from
from astrobench.predicting import cka_batches, grams, predict, stored
from astrobench.progress import report
from astrobench.registry import Registry
from astrobench.seeds import Streams, seed_of
from astrobench.stages.checkpoints import checkpoint_in, drop_checkpoint
from astrobench.stages.datasets import limited, open_dataset, plugin_of
from astrobench.stages.prepare import text_array
from astrobench.store import Store
from astrobench.suite import Training
from astrobench.training import Material, train
from astrobench.types import Batch, Dataset, Labelled, Perturbed, Unlabelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import nn

    from astrobench.plan import Cell, Job


@dataclass(frozen=True, eq=False)
class Bench:
    """What the cells of one training share."""

    store: Store
    registry: Registry
    job: Job
    dataset: Dataset
    device: torch.device

    @cached_property
    def limits(self) -> tuple[float, float]:
        """The lowest and highest input value that the source training set reaches."""
        train = self.dataset.train
        starts = range(0, len(train.images), 512)
        parts = (train.stretch(np.asarray(train.images[start : start + 512])) for start in starts)
        ends = [(float(part.min()), float(part.max())) for part in parts]
        return min(low for low, _ in ends), max(high for _, high in ends)


def fit(payload: dict[str, Any]) -> dict[str, Any]:
    """Train, or take the trained weights from the store, then predict every cell that is missing.

    payload: root, job, cells, device. Returns {"cells": {key: reason it failed, or ""}}.
    """
    job = job_from(payload["job"])
    _steady(job.threads)
    registry = Registry.load()
    dataset = limited(open_dataset(registry, job.dataset), job.limit)
    bench = Bench(Store(Path(payload["root"])), registry, job, dataset, torch.device(payload["device"]))
    model = trained_model(bench)
    return {"cells": dict(_cells(bench, model, payload["cells"]))}


def trained_model(bench: Bench) -> nn.Module:
    """Return the network with its trained weights, in eval mode."""
    model = _network(bench)
    kept = bench.store.read("trainings", bench.job.key)
    if kept is None or not bench.store.holds(kept["result"]["weights"]):
        return _train(bench, model)
    weights = bench.store.get(kept["result"]["weights"])
    model.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return model.eval()


def _train(bench: Bench, model: nn.Module) -> nn.Module:
    job, store = bench.job, bench.store
    method = _method(bench, model)
    material = _material(bench, oracle=method.oracle)
    scope = f"{job.dataset_key}/{job.seed}"
    checkpoint = checkpoint_in(store.root / "checkpoints" / job.key, bench.device)
    rules = _rules(job, oracle=method.oracle)
    run = train(model, method.to(bench.device), material, rules, scope, checkpoint)
    model.load_state_dict(run.best)
    weights = {name: value.cpu().numpy() for name, value in model.state_dict().items()}
    result = {
        "weights": store.put(weights),
        "history": run.history,
        "selected_epoch": run.best_epoch,
        "selection": rules.selection,
        "oracle": method.oracle,
    }
    store.write("trainings", job.key, result, provenance(str(bench.device), job.threads, run.seconds))
    drop_checkpoint(store.root / "checkpoints" / job.key)
    return model.eval()


def _rules(job: Job, *, oracle: bool) -> Training:
    """Return the rules of a training. An oracle learns the target, so source validation must not pick its epoch."""
    told: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in job.training.items()}
    return Training(**told | ({"selection": "last"} if oracle else {}))


def _network(bench: Bench) -> nn.Module:
    """Return the network with its initial weights, which depend on (dataset, architecture, seed) only."""
    job, dataset = bench.job, bench.dataset
    torch.manual_seed(seed_of(job.dataset_key, job.architecture.identity, job.seed, "weights"))
    build = plugin_of(bench.registry, job.architecture)
    model: nn.Module = build(dataset.train.images.shape[1:], len(dataset.classes), **job.architecture.params)
    return model.to(bench.device).to(memory_format=torch.channels_last)


def _method(bench: Bench, model: nn.Module) -> Method:
    job, dataset = bench.job, bench.dataset
    shape = (2, *dataset.train.images.shape[1:])
    with torch.inference_mode():
        features = model.eval()(torch.zeros(shape, device=bench.device)).latent.shape[1]
    torch.manual_seed(seed_of(job.key, "method"))
    method = plugin_of(bench.registry, job.method)(features, len(dataset.classes), **job.method.params)
    if not isinstance(method, Method):
        raise PluginError(f"method {job.method.plugin!r} returned {type(method).__name__}, expected astrobench.Method")
    return method


def _material(bench: Bench, *, oracle: bool) -> Material:
    dataset = bench.dataset
    train: Labelled = dataset.train
    if oracle:
        if dataset.oracle is None:
            raise DataError(f"dataset {bench.job.dataset.label!r} has no labelled target images for an oracle")
        train = dataset.oracle()
    return Material(
        inputs=_inputs(bench, train),
        labels=torch.from_numpy(np.asarray(train.labels)).to(bench.device),
        valid_inputs=_inputs(bench, dataset.valid),
        valid_labels=torch.from_numpy(np.asarray(dataset.valid.labels)).to(bench.device),
        target_inputs=_inputs(bench, dataset.target),
        classes=len(dataset.classes),
    )


def _inputs(bench: Bench, part: Unlabelled) -> torch.Tensor:
    """Return stretched images as a float32 (N, C, H, W) tensor on the device, channels last."""
    images = torch.empty(part.images.shape, memory_format=torch.channels_last)
    for start in range(0, len(images), 512):
        flux = np.asarray(part.images[start : start + 512])
        images[start : start + 512] = torch.from_numpy(np.asarray(part.stretch(flux), dtype=np.float32))
    return images.to(bench.device)


def _cells(bench: Bench, model: nn.Module, bodies: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Predict cell after cell; one that fails gives its reason and costs no other."""
    for number, body in enumerate(bodies):
        cell = cell_from(body)
        report("predicting", number, len(bodies), f"{cell.domain}, {cell.perturbation.label}")
        try:
            _predict_cell(bench, model, cell)
        except Exception as error:
            traceback.print_exc()
            expected = isinstance(error, AstrobenchError)
            yield cell.key, str(error) if expected else f"{type(error).__name__}: {error}"[:500]
        else:
            yield cell.key, ""


def _predict_cell(bench: Bench, model: nn.Module, cell: Cell) -> None:
    part = bench.dataset.tests[cell.domain]
    batch = _batch(bench, part, cell.domain)
    scope = f"{bench.job.dataset_key}/{cell.domain}/{cell.perturbation.identity}/{bench.job.seed}"
    perturb = plugin_of(bench.registry, cell.perturbation)
    changed = perturb(batch, model, Streams(scope), **cell.perturbation.params)
    inputs, ids = _perturbed_inputs(bench, part, batch, changed)
    found = predict(model, inputs, cell.predict["batch_size"])
    _check_finite(found)
    images, size = cka_batches(len(inputs), cell.predict["cka_images"], cell.predict["cka_batch"])
    layers = tuple(getattr(model, "layers", ()))
    if images and layers and changed.rows is None:
        found["grams"] = grams(model, inputs[:images], layers, size)
    found["ids"] = text_array(ids)
    result = {"prediction": bench.store.put(stored(found, changed.facts)), "layers": list(layers)}
    bench.store.write("cells", cell.key, result, provenance(str(bench.device), bench.job.threads))


def _batch(bench: Bench, part: Labelled, domain: str) -> Batch:
    dataset = bench.dataset
    inputs = _inputs(bench, part)
    return Batch(
        flux=np.asarray(part.images),
        inputs=inputs,
        labels=part.labels if domain == bench.job.source else None,
        ids=part.ids,
        stretch=part.stretch,
        observation=part.observation,
        unit=dataset.unit,
        pixel_scale=dataset.pixel_scale,
        bands=dataset.bands,
        limits=bench.limits,
    )


def _perturbed_inputs(
    bench: Bench, part: Labelled, batch: Batch, changed: Perturbed
) -> tuple[torch.Tensor, np.ndarray]:
    """Return the network inputs and ids that a perturbation left. Raises PluginError for a wrong shape."""
    name = "perturbation"
    if not isinstance(changed, Perturbed) or (changed.flux is None) == (changed.inputs is None):
        raise PluginError(f"{name} must return astrobench.Perturbed with exactly one of flux and inputs")
    ids = np.asarray(batch.ids) if changed.rows is None else np.asarray(batch.ids)[changed.rows]
    shape = changed.flux.shape if changed.flux is not None else changed.inputs.shape  # type: ignore[union-attr]
    if tuple(shape) != (len(ids), *batch.flux.shape[1:]):
        raise PluginError(f"{name} returned images {tuple(shape)}, expected {(len(ids), *batch.flux.shape[1:])}")
    if changed.inputs is not None:
        return changed.inputs.to(bench.device), ids
    flux = Unlabelled(images=np.asarray(changed.flux, dtype=np.float32), ids=ids, stretch=part.stretch)
    return _inputs(bench, flux), ids


def _check_finite(found: dict[str, np.ndarray]) -> None:
    for name, values in found.items():
        if not np.isfinite(values).all():
            raise ArithmeticError(f"{name} of the network are not finite")


def _steady(threads: int) -> None:
    """Fix what would change the bits of a number: threads and kernels. Keep the heap, which the clock feels."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=False)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined] # costs a tenth of a step
    torch.backends.cudnn.benchmark = False
    with contextlib.suppress(OSError, AttributeError):  # glibc: do not hand each activation back to the kernel
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-3, 1 << 30), libc.mallopt(-1, (1 << 31) - 1)
