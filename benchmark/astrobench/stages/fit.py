"""Second stage: one training and the cells that share it, load → train → (perturb → predict)*.

The dataset is opened first, and its target labels are let go of, before any plugin that is scored is imported.
"""

from __future__ import annotations

import multiprocessing
from functools import partial
from pathlib import Path
from typing import Any

import torch

from astrobench.isolation.fence import hide
from astrobench.plan import cell_from, job_from
from astrobench.stages.bench import Bench, steady
from astrobench.stages.blind import opened_blind
from astrobench.stages.cells import predicted
from astrobench.stages.datasets import limited, open_dataset, registry_of
from astrobench.stages.network_state import SharedNetwork
from astrobench.stages.weights import stored_model, trained_model
from astrobench.store import Store

ROOMS = ("cells", "checkpoints", "conflicts", "objects", "progress", "trainings", "weights")
"""The folders of a store that a training may write to and read back, made before it is fenced in."""


def fit(payload: dict[str, Any]) -> dict[str, Any]:
    """Train, or take the trained weights from the store, then predict every cell that is missing.

    payload: root, job, cells, device, attempt. Returns {"cells": {key: reason it failed, or ""}, "predictions": {key:
    hash of what was predicted}}: the driver scores by these hashes.
    """
    job = job_from(payload["job"])
    steady(job.threads)
    dataset = opened_blind(lambda: limited(open_dataset(registry_of(job.dataset), job.dataset), job.limit), job.source)
    store = Store(Path(payload["root"]))
    _fence(store)
    used = (job.dataset, job.architecture, job.method, *(cell_from(cell).perturbation for cell in payload["cells"]))
    bench = Bench(store, registry_of(*used), job, dataset, torch.device(payload["device"]), payload.get("attempt", 1))
    compared = dict.fromkeys(word for cell in payload["cells"] for word in cell["predict"]["cka_layers"])
    network = SharedNetwork(trained_model(bench, tuple(compared)), partial(stored_model, bench))
    reasons = dict(predicted(bench, network, payload["cells"]))
    kept = {key: store.read("cells", key) for key, reason in reasons.items() if not reason}
    return {"cells": reasons, "predictions": {key: body["result"]["prediction"] for key, body in kept.items() if body}}


def _fence(store: Store) -> None:
    """Hide the labels of the test sets from this process, unless it is the driver's own, as with --in-process."""
    if multiprocessing.parent_process() is None:
        return
    for room in ROOMS:
        (store.root / room).mkdir(parents=True, exist_ok=True)
    hide(store.root / "truth")
