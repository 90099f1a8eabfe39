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
from astrobench.errors import DataError
from astrobench.keys import canonical, key_of
from astrobench.progress import report
from astrobench.records import pack_bits
from astrobench.stages.datasets import plugin_of, registry_of, rows_kept
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
    four {"cell": key, "domain": …, "dataset": key, "limit": …} or null. witness: see `Witness.of`. Returns {"scores":
    {key: digest}}.
    """
    store, choices = Store(Path(payload["root"])), [Choice(**body) for body in payload["metrics"]]
    registry = registry_of(*choices)
    metrics = [(choice, plugin_of(registry, choice)) for choice in choices]
    seen = payload.get("witness", {})
    opened = lru_cache(maxsize=32)(lambda *where: stored_prediction(store, seen, *where))

    def predicted(place: Mapping[str, Any] | None) -> Prediction | None:
        return opened(place["cell"], place["domain"], place["dataset"], place.get("limit")) if place else None

    digests: dict[str, str] = {}
    for number, cell in enumerate(payload["cells"]):
        report("scoring", number, len(payload["cells"]))
        try:
            pairs = [predicted(cell[name]) for name in ("clean", "perturbed", "reference_clean", "reference_perturbed")]
        except DataError as error:  # of one cell: it costs no other its numbers
            failed = {choice.label: str(error) for choice, _ in metrics}
            result = {"scores": {}, "metrics": {}, "failed": failed, **_outcomes(None)}
        else:
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
    """Return which images were right, for the comparison of methods image by image: see `astrobench.records.Row`."""
    images = 0 if perturbed is None else perturbed.test_size or 0
    if perturbed is not None and not perturbed.labelled:
        return {"correct": "", "correct_n": 0, "images": images, "labelled": False}
    if perturbed is None or perturbed.task != "classification":
        return {"correct": "", "correct_n": 0, "images": images}
    rows = np.arange(len(perturbed.ids)) if perturbed.rows is None else perturbed.rows
    objects = perturbed.ids if perturbed.objects is None else perturbed.objects
    order = np.lexsort((rows, perturbed.ids, objects))
    right, owner = (perturbed.logits.argmax(1) == perturbed.labels)[order], objects[order]
    begins = np.append(True, owner[1:] != owner[:-1]) if len(owner) else np.zeros(0, bool)
    named = [perturbed.ids[order].tolist(), owner.tolist(), rows[order].tolist()]
    return {
        "correct": pack_bits(right),
        "correct_n": len(right),
        "images": images,
        "correct_of": key_of(named)[:16],
        "objects": "" if begins.all() else pack_bits(begins),
    }


def stored_prediction(
    store: Store, seen: Mapping[str, Any], cell: str, domain: str, dataset: str, limit: int | None = None
) -> Prediction | None:
    """Put a stored prediction and the stored truth together, row by row: those that the driver saw, where it saw them.

    limit: how many images of the test set were kept at most; the truth is that of all. Raises DataError where the
    images of the two are not the same.
    """
    kept, about = store.read("cells", cell), seen.get("datasets", {}).get(dataset) or _about(store, dataset)
    if kept is None or about is None:
        return None
    arrays = store.get(seen.get("predictions", {}).get(cell, kept["result"]["prediction"]))
    truth = store.get(about["truth"][domain])
    known = names_in(truth["ids"])
    kept_rows = rows_kept(len(known), limit)
    rows = kept_rows[_rows_of(arrays, known[kept_rows], domain)]
    prediction = Prediction(
        ids=known[rows],
        latent=arrays["latent"],
        logits=arrays["logits"],
        labels=truth["labels"][rows] if "labels" in truth else None,  # type: ignore[arg-type] # see `Prediction`
        classes=tuple(about["classes"]),
        task=about["task"],
        facts={name.removeprefix("fact/"): value for name, value in arrays.items() if name.startswith("fact/")},
        grams=arrays.get("grams"),
        gram_rows=arrays.get("gram_rows"),
        layers=tuple(kept["result"]["layers"]),
        objects=names_in(truth["objects"])[rows] if "objects" in truth else None,
        ranges=tuple((low, high) for low, high in about.get("ranges", ())),
        rows=rows,
        test_set=f"{dataset}/{domain}",
        test_size=len(kept_rows),
    )
    return read_only_prediction(prediction)


def _rows_of(arrays: Mapping[str, np.ndarray], known: np.ndarray, domain: str) -> np.ndarray:
    """Return which images of a test set, str (T,) ids, a prediction holds: int64 (N,), each once.

    A row says which image it is. The ids only prove that the training opened the images in the order of the truth.
    """
    rows = arrays["rows"]
    if rows.size and (rows.min() < 0 or rows.max() >= len(known) or len(np.unique(rows)) < len(rows)):
        raise DataError(f"a prediction of {domain!r} has rows that are not rows of its {len(known)} images, each once")
    if not np.array_equal(known[rows], names_in(arrays["ids"])):
        raise DataError(
            f"the test images of {domain!r} stood in another order when they were predicted than when their labels were"
            " kept; a dataset must give the same images in the same order each time it is opened"
        )
    return rows


def _about(store: Store, dataset: str) -> dict[str, Any] | None:
    kept = store.read("datasets", dataset)
    return None if kept is None else kept["result"]
