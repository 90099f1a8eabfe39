"""Third stage: numbers from stored predictions and stored truth.

No network and no method is loaded here, and no code of a distribution that gives none of the metrics: what is scored
has no hand in its score.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from astrobench.choices import Choice
from astrobench.environment import provenance
from astrobench.keys import canonical, key_of
from astrobench.progress import report
from astrobench.records import pack_bits
from astrobench.stages.datasets import plugin_of, registry_of
from astrobench.stages.measuring import read_only_prediction, scores_of
from astrobench.stages.prepare import names_in
from astrobench.store import Store, set_aside
from astrobench.types import Prediction

if TYPE_CHECKING:
    from collections.abc import Mapping

Open = "Callable[[Mapping[str, str] | None], Prediction | None]"


def score(payload: dict[str, Any]) -> dict[str, Any]:
    """Score cells. payload: root, metrics, cells, witness; a cell names itself and what it is held against.

    Each cell: {"key": score key, "clean", "perturbed", "reference_clean", "reference_perturbed"}, each of the
    four {"cell": key, "domain": …, "dataset": key} or null. witness: see `Witness.of`. Returns {"scores": {key:
    digest}}.
    """
    store, choices = Store(Path(payload["root"])), [Choice(**body) for body in payload["metrics"]]
    registry = registry_of(*choices)
    metrics = [(choice, plugin_of(registry, choice)) for choice in choices]
    seen = payload.get("witness", {})
    opened = lru_cache(maxsize=32)(lambda cell, domain, dataset: stored_prediction(store, seen, cell, domain, dataset))

    def predicted(place: Mapping[str, str] | None) -> Prediction | None:
        return None if place is None else opened(place["cell"], place["domain"], place["dataset"])

    digests: dict[str, str] = {}
    for number, cell in enumerate(payload["cells"]):
        report("scoring", number, len(payload["cells"]))
        pairs = [predicted(cell[name]) for name in ("clean", "perturbed", "reference_clean", "reference_perturbed")]
        result = {**scores_of(metrics, pairs), **_outcomes(pairs[1])}
        digests[cell["key"]] = _keep(store, cell["key"], result)
    report("scoring", len(payload["cells"]), len(payload["cells"]))
    return {"scores": digests}


def _keep(store: Store, key: str, result: Mapping[str, Any]) -> str:
    """Keep a score and return its digest. One that is there and differs is set aside: no prediction gave it."""
    kept = store.read("scores", key)
    if kept is not None and canonical(kept["result"]) != canonical(result):
        set_aside(store.path("scores", key))
    store.write("scores", key, result, provenance())
    return key_of(result)


def _outcomes(perturbed: Prediction | None) -> dict[str, Any]:
    """Return which images were right, in the order of their sorted ids, for paired comparison of methods."""
    if perturbed is None or perturbed.task != "classification":
        return {"correct": "", "correct_n": 0}
    right = (perturbed.logits.argmax(1) == perturbed.labels)[np.argsort(perturbed.ids)]
    return {"correct": pack_bits(right), "correct_n": len(right)}


def stored_prediction(store: Store, seen: Mapping[str, Any], cell: str, domain: str, dataset: str) -> Prediction | None:
    """Put a stored prediction and the stored truth together, by id: those that the driver saw, where it saw them."""
    kept, about = store.read("cells", cell), seen.get("datasets", {}).get(dataset) or _about(store, dataset)
    if kept is None or about is None:
        return None
    arrays = store.get(seen.get("predictions", {}).get(cell, kept["result"]["prediction"]))
    truth = store.get(about["truth"][domain])
    ids, known = names_in(arrays["ids"]), names_in(truth["ids"])
    place = {name: row for row, name in enumerate(known)}
    rows = np.array([place[name] for name in ids], dtype=np.int64)
    prediction = Prediction(
        ids=ids,
        latent=arrays["latent"],
        logits=arrays["logits"],
        labels=truth["labels"][rows],
        classes=tuple(about["classes"]),
        task=about["task"],
        facts={name.removeprefix("fact/"): value for name, value in arrays.items() if name.startswith("fact/")},
        grams=arrays.get("grams"),
        gram_rows=arrays.get("gram_rows"),
        layers=tuple(kept["result"]["layers"]),
        objects=names_in(truth["objects"])[rows] if "objects" in truth else None,
        ranges=tuple((low, high) for low, high in about.get("ranges", ())),
    )
    return read_only_prediction(prediction)


def _about(store: Store, dataset: str) -> dict[str, Any] | None:
    kept = store.read("datasets", dataset)
    return None if kept is None else kept["result"]
