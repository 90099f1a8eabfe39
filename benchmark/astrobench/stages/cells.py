"""The cells of a trained network: perturb a test set, predict it, keep the prediction.

A perturbation of the target domain is given no labels.
"""

from __future__ import annotations

import copy
import time
import traceback
from typing import TYPE_CHECKING, Any

import numpy as np

from astrobench.environment import provenance
from astrobench.errors import AstrobenchError, PluginError, is_infra
from astrobench.plan import cell_from
from astrobench.predicting import predict, seen_by_cka, stored
from astrobench.progress import report
from astrobench.seeds import Streams
from astrobench.stages.bench import inputs_of
from astrobench.stages.datasets import plugin_of
from astrobench.stages.network_state import steady_process
from astrobench.stages.prepare import text_array
from astrobench.stages.readonly import COPY, own, own_observation, wrote_to_read_only
from astrobench.stages.returned import check_returned
from astrobench.training.regression import posterior
from astrobench.types import Batch, Labelled, Perturbed, Regression, Unlabelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

    from astrobench.plan import Cell
    from astrobench.stages.bench import Bench
    from astrobench.stages.network_state import SharedNetwork


def predicted(bench: Bench, network: SharedNetwork, bodies: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Predict cell after cell; one that fails gives its reason and costs no other.

    Each perturbation finds data and network as the first one did: no number depends on which others are in the suite.
    """
    for number, body in enumerate(bodies):
        cell = cell_from(body)
        report("predicting", number, len(bodies), f"{cell.domain}, {cell.perturbation.label}")
        try:
            _predict_cell(bench, network, cell)
        except (Exception, SystemExit) as error:
            if is_infra(error):  # a full disk is no plugin's fault: the run stops and can go on
                raise
            traceback.print_exc()
            expected = isinstance(error, AstrobenchError)
            yield cell.key, str(error) if expected else f"{type(error).__name__}: {error}"[:500]
        else:
            yield cell.key, ""
        network.restored()


def _predict_cell(bench: Bench, network: SharedNetwork, cell: Cell) -> None:
    began = time.monotonic()
    part = bench.dataset.tests[cell.domain]
    batch = _batch(bench, part, cell.domain)
    changed = _perturbed(bench, network, cell, batch)
    rows = check_returned(changed, batch, f"perturbation {cell.perturbation.label!r}")
    inputs, ids = _perturbed_inputs(bench, part, changed, rows), part.ids[rows]
    model = network.model
    found = predict(model, inputs, cell.predict["batch_size"])
    if isinstance(bench.dataset, Regression):
        found["logits"] = posterior(found["logits"], bench.dataset.ranges)
    _check_finite(found)
    seen, layers = ({}, ()) if changed.rows is not None else seen_by_cka(model, inputs, ids, cell.predict)
    found |= seen
    found["ids"], found["rows"] = text_array(ids), rows
    result = {"prediction": bench.store.put(stored(found, changed.facts)), "layers": list(layers)}
    origin = provenance(str(bench.device), bench.job.threads, time.monotonic() - began)
    bench.store.write("cells", cell.key, result, {**origin, "attempts": bench.attempt})


def _perturbed(bench: Bench, network: SharedNetwork, cell: Cell, batch: Batch) -> Perturbed:
    """Call a perturbation. Raises PluginError naming it where it writes to shared arrays or leaves another network."""
    scope = f"{bench.job.dataset_key}/{cell.domain}/{cell.perturbation.identity}/{bench.job.seed}"
    perturb, name = plugin_of(bench.registry, cell.perturbation), f"perturbation {cell.perturbation.label!r}"
    try:
        with steady_process(bench.job.threads, scope):
            changed: Perturbed = perturb(batch, network.model, Streams(scope), **cell.perturbation.params)
    except ValueError as error:
        if wrote_to_read_only(error):
            raise PluginError(f"{name} writes to its batch ({error}): {COPY}, e.g. flux = batch.flux.copy()") from error
        raise
    left = network.restored()
    if left:
        told = f"{name} changes {left} in the network, which other cells share"
        raise PluginError(f"{told}: work on a copy, e.g. copy.deepcopy(model)")
    return changed


def _batch(bench: Bench, part: Labelled | Unlabelled, domain: str) -> Batch:
    """Return a batch of which nothing is shared with another cell."""
    dataset = bench.dataset
    inputs = inputs_of(bench, part)
    return Batch(
        flux=own(np.asarray(part.images)),
        inputs=inputs,
        labels=own(part.labels) if isinstance(part, Labelled) and domain == bench.job.source else None,
        ids=own(part.ids),
        stretch=copy.deepcopy(part.stretch),
        observation=own_observation(part.observation),
        unit=dataset.unit,
        pixel_scale=dataset.pixel_scale,
        bands=dataset.bands,
        limits=bench.limits,
    )


def _perturbed_inputs(bench: Bench, part: Unlabelled, changed: Perturbed, rows: np.ndarray) -> torch.Tensor:
    """Return the network inputs that a perturbation left of these rows of a test set."""
    if changed.inputs is not None:
        return changed.inputs.to(bench.device)
    flux = np.asarray(changed.flux, dtype=np.float32)
    return inputs_of(bench, Unlabelled(images=flux, ids=part.ids[rows], stretch=part.stretch))


def _check_finite(found: dict[str, np.ndarray]) -> None:
    for name, values in found.items():
        if not np.isfinite(values).all():
            raise ArithmeticError(f"{name} of the network are not finite")
