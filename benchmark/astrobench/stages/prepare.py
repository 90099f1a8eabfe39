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
from astrobench.types import Labelled, Regression

if TYPE_CHECKING:
    from astrobench.needs import Facts
    from astrobench.types import Dataset, Unlabelled


def prepare(payload: dict[str, Any]) -> dict[str, Any]:
    """Prepare one dataset. payload: root, choice, key, domains, batch_size."""
    store, choice = Store(Path(payload["root"])), Choice(**payload["choice"])
    dataset = open_dataset(registry_of(choice), choice)
    check_dataset(dataset, choice.label, payload["domains"], payload["batch_size"])
    tests = {domain: store.put(truth_arrays(part), "truth") for domain, part in dataset.tests.items()}
    result = {
        "truth": tests,
        "unlabelled": unlabelled_in(dataset),
        "source": dataset.source,
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
        "notes": list(dataset.notes),
    }
    store.write("datasets", payload["key"], result, {**provenance(), "files": files_of(choice)})
    return result


def unlabelled_in(dataset: Dataset) -> list[str]:
    """Return the test domains without labels: their images are predicted, and nothing is held against them."""
    return [domain for domain, part in dataset.tests.items() if not isinstance(part, Labelled)]


def files_of(choice: Choice) -> list[dict[str, str]]:
    """Return the files that a choice is given: parameter, absolute path, and SHA-256 of the content."""
    return [
        {"parameter": name, "path": str(Path(path).expanduser().absolute()), "sha256": digest}
        for name, value in choice.files.items()
        for path, digest in zip(_each(value), _each(choice.content[name]), strict=True)
    ]


def _each(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def _facts(dataset: Dataset, part: Labelled | Unlabelled) -> Facts:
    classes = not isinstance(dataset, Regression)
    return facts_of(part.observation, dataset.pixel_scale, min(part.images.shape[2:]), classes=classes)


def truth_arrays(part: Labelled | Unlabelled) -> dict[str, np.ndarray]:
    """Return ids, labels where they are known, and objects where several images show one, for the store to keep."""
    objects = {} if part.objects is None else {"objects": text_array(part.objects)}
    labels = {"labels": np.ascontiguousarray(part.labels)} if isinstance(part, Labelled) else {}
    return {"ids": text_array(part.ids), **labels, **objects}


def text_array(ids: np.ndarray) -> np.ndarray:
    """Return names as uint8, the UTF-8 bytes of a JSON list: a store file holds numbers only."""
    return np.frombuffer(json.dumps([str(name) for name in ids]).encode(), dtype=np.uint8)


def names_in(array: np.ndarray) -> np.ndarray:
    """Return the names behind `text_array`, str (N,)."""
    return np.array(json.loads(array.tobytes().decode()), dtype=str)
