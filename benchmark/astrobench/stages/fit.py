"""Second stage: one training and the cells that share it, load → train → (perturb → predict)*.

No target label is in reach of a method or of a perturbation of the target domain.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from astrobench.plan import job_from
from astrobench.registry import Registry
from astrobench.stages.bench import Bench, steady
from astrobench.stages.cells import predicted
from astrobench.stages.datasets import limited, open_dataset
from astrobench.stages.weights import trained_model
from astrobench.store import Store


def fit(payload: dict[str, Any]) -> dict[str, Any]:
    """Train, or take the trained weights from the store, then predict every cell that is missing.

    payload: root, job, cells, device. Returns {"cells": {key: reason it failed, or ""}}.
    """
    job = job_from(payload["job"])
    steady(job.threads)
    registry = Registry.load()
    dataset = limited(open_dataset(registry, job.dataset), job.limit)
    bench = Bench(Store(Path(payload["root"])), registry, job, dataset, torch.device(payload["device"]))
    compared = dict.fromkeys(word for cell in payload["cells"] for word in cell["predict"]["cka_layers"])
    model = trained_model(bench, tuple(compared))
    return {"cells": dict(predicted(bench, model, payload["cells"]))}
