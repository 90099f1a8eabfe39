"""First stage: open a dataset, draw or map its files, check them, and put the truth of its tests in the store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from astrobench.choices import Choice
from astrobench.environment import provenance
from astrobench.stages.datasets import check_dataset, open_dataset, registry_of
from astrobench.stages.facts import facts_of
from astrobench.store import Store
from astrobench.types import Regression

if TYPE_CHECKING:
    from astrobench.needs import Facts
    from astrobench.types import Dataset, Labelled


def prepare(payload: dict[str, Any]) -> dict[str, Any]:
    """Prepare one dataset. payload: root, choice, key, domains, batch_size."""
    store, choice = Store(Path(payload["root"])), Choice(**payload["choice"])
    dataset = open_dataset(registry_of(choice), choice)
    check_dataset(dataset, choice.label, payload["domains"], payload["batch_size"])
    tests = {domain: store.put(truth_arrays(part), "truth") for domain, part in dataset.tests.items()}
    result = {
        "truth": tests,
        "classes": list(dataset.classes),
        "task": dataset.task,
        "ranges": dataset.ranges if isinstance(dataset, Regression) else [],
        "shape": list(dataset.train.images.shape[1:]),
        "sizes": {
            "train": len(dataset.train.images),
            "valid": len(dataset.valid.images),
            "target": len(dataset.target.images),
            **{f"test {domain}": len(part.images) for domain, part in dataset.tests.items()},
        },
        "facts": {domain: _facts(dataset, part) for domain, part in dataset.tests.items()},
        "unit": dataset.unit,
        "synthetic": dataset.synthetic,
        "licence": dataset.licence,
        "citation": dataset.citation,
    }
    store.write("datasets", payload["key"], result, provenance())
    return result


def _facts(dataset: Dataset, part: Labelled) -> Facts:
    classes = not isinstance(dataset, Regression)
    return facts_of(part.observation, dataset.pixel_scale, min(part.images.shape[2:]), classes=classes)


def truth_arrays(part: Labelled) -> dict[str, np.ndarray]:
    """Return ids, labels and, where several images show one object, objects as arrays that the store can keep."""
    objects = {} if part.objects is None else {"objects": text_array(part.objects)}
    return {"ids": text_array(part.ids), "labels": np.ascontiguousarray(part.labels), **objects}


def text_array(ids: np.ndarray) -> np.ndarray:
    """Return names as uint8, the UTF-8 bytes of a JSON list: a store file holds numbers only."""
    return np.frombuffer(json.dumps([str(name) for name in ids]).encode(), dtype=np.uint8)


def names_in(array: np.ndarray) -> np.ndarray:
    """Return the names behind `text_array`, str (N,)."""
    return np.array(json.loads(array.tobytes().decode()), dtype=str)
