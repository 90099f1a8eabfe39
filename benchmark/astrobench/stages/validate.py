"""Beside the third stage: what every rule picks of a training and, with the target's labels now, how good that was."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from astrobench.environment import provenance
from astrobench.rules import VALIDATORS, picks
from astrobench.stages.choosing import values
from astrobench.stages.datasets import rows_kept
from astrobench.stages.prepare import names_in
from astrobench.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping


def validate(payload: dict[str, Any]) -> dict[str, Any]:
    """Judge the kept epochs of one training. payload: root, key, training, dataset, limit."""
    store = Store(Path(payload["root"]))
    kept, about = store.read("trainings", payload["training"]), store.read("datasets", payload["dataset"])
    if kept is not None and about is not None:
        result = _picked(store, kept["result"]) | _judged(
            store, kept["result"], about["result"]["truth"], payload.get("limit")
        )
        store.write("validations", payload["key"], result, provenance())
    return {}


def _picked(store: Store, trained: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the rules say; no label of the target is in reach here."""
    found = values(VALIDATORS, store, trained)
    accuracy = {told["epoch"]: told.get("valid_accuracy") for told in trained["history"]}
    return {
        "epochs": trained["epochs"],
        "picked": picks(trained["epochs"], trained["source_valid"], found),
        "values": {"source_valid": [accuracy[epoch] for epoch in trained["epochs"]], **found},
    }


def _judged(
    store: Store, trained: Mapping[str, Any], truth: Mapping[str, str], limit: int | None = None
) -> dict[str, Any]:
    """Return domain → the accuracy of each kept epoch on the target test images that were told of, and their number.

    A domain without labels has no accuracy, on 0 images.
    """
    accuracy: dict[str, list[float]] = {}
    count: dict[str, int] = {}
    images = store.get(trained["images"]) if trained["told"] else {}
    for name in sorted(images):
        domain = name.removeprefix("test ").removesuffix("/rows")
        if name.startswith("test ") and name.endswith("/rows") and domain in truth:
            known = store.get(truth[domain])
            ids = names_in(known["ids"])
            rows = rows_kept(len(ids), limit)[images[name]]
            if not np.array_equal(ids[rows], names_in(images[f"test {domain}/ids"])):
                continue  # opened in another order: the cells of this domain say so
            if "labels" not in known:
                accuracy[domain], count[domain] = [], 0
                continue
            labels = known["labels"][rows]
            said = [store.get(digest)[f"test {domain}/logits"].argmax(1) for digest in trained["told"]]
            accuracy[domain] = [float((classes == labels).mean()) for classes in said]
            count[domain] = len(labels)
    return {"accuracy": accuracy, "n": count}
