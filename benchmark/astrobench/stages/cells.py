"""The cells of a trained network: perturb a test set, predict it, keep the prediction.

A perturbation of the target domain is given no labels.
"""

from __future__ import annotations

import time
import traceback
from typing import TYPE_CHECKING, Any

import numpy as np

from astrobench.environment import provenance
from astrobench.errors import AstrobenchError, is_infra
from astrobench.plan import cell_from
from astrobench.predicting import predict, seen_by_cka, stored
from astrobench.progress import report
from astrobench.seeds import Streams
from astrobench.stages.bench import inputs_of
from astrobench.stages.datasets import plugin_of
from astrobench.stages.prepare import text_array
from astrobench.stages.returned import check_returned
from astrobench.training.regression import posterior
from astrobench.types import Batch, Labelled, Perturbed, Regression, Unlabelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from torch import nn

    from astrobench.plan import Cell
    from astrobench.stages.bench import Bench


def predicted(bench: Bench, model: nn.Module, bodies: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Predict cell after cell; one that fails gives its reason and costs no other."""
    for number, body in enumerate(bodies):
        cell = cell_from(body)
        report("predicting", number, len(bodies), f"{cell.domain}, {cell.perturbation.label}")
        try:
            _predict_cell(bench, model, cell)
        except Exception as error:
            if is_infra(error):  # a full disk is no plugin's fault: the run stops and can go on
                raise
            traceback.print_exc()
            expected = isinstance(error, AstrobenchError)
            yield cell.key, str(error) if expected else f"{type(error).__name__}: {error}"[:500]
        else:
            yield cell.key, ""


def _predict_cell(bench: Bench, model: nn.Module, cell: Cell) -> None:
    began = time.monotonic()
    part = bench.dataset.tests[cell.domain]
    batch = _batch(bench, part, cell.domain)
    scope = f"{bench.job.dataset_key}/{cell.domain}/{cell.perturbation.identity}/{bench.job.seed}"
    perturb = plugin_of(bench.registry, cell.perturbation)
    changed = perturb(batch, model, Streams(scope), **cell.perturbation.params)
    rows = check_returned(changed, batch, f"perturbation {cell.perturbation.label!r}")
    inputs, ids = _perturbed_inputs(bench, part, changed, rows), part.ids[rows]
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


def _batch(bench: Bench, part: Labelled | Unlabelled, domain: str) -> Batch:
    dataset = bench.dataset
    inputs = inputs_of(bench, part)
    return Batch(
        flux=np.asarray(part.images),
        inputs=inputs,
        labels=part.labels if isinstance(part, Labelled) and domain == bench.job.source else None,
        ids=part.ids,
        stretch=part.stretch,
        observation=part.observation,
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
