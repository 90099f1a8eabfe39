"""Predictions of domains without labels, as CSV and Parquet beside a leaderboard: the result that an observer wants.

One row an image of the domain's test set, for each network: what it predicts of the unperturbed image, with the
probability of each class, or the mean and standard deviation of each target of a regression.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from astrobench.errors import AstrobenchError
from astrobench.keys import key_of
from astrobench.leaderboard.escape import spreadsheet
from astrobench.writing import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy as np

    from astrobench.engine import Sweep
    from astrobench.plan import Cell, Plan
    from astrobench.store import Store
    from astrobench.types import Prediction

    Columns = dict[str, np.ndarray]

FOLDER = "predictions"
LONGEST = 60
"""Letters of a dataset's or domain's name that a file's name holds."""


def write_predictions(
    plan: Plan, store: Store, seen: Mapping[str, Any], folder: Path, *, latents: bool = False
) -> tuple[list[Path], list[str]]:
    """Write `<folder>/predictions/<dataset>.<domain>.csv` and `.parquet` of each domain without labels.

    Files there of an earlier run are removed: like the leaderboard, they are a view of one run.

    Args:
        plan: what was run; cells that are not predicted are left out.
        seen: what the driver saw of the store, as `Witness.of` gives it.
        folder: of the leaderboard.
        latents: add the columns latent_0, latent_1, … of the network's features.

    Returns: the files, and a sentence for each cell that could not be read.
    """
    groups: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in plan.cells:
        if cell.perturbation.plugin == "none" and cell.domain in _unlabelled(plan, store, cell):
            groups[plan.job_of(cell).dataset.label, cell.domain].append(cell)
    files: dict[Path, bytes] = {}
    troubles: list[str] = []
    for place, cells in groups.items():
        tables = [table for cell in cells if (table := _opened(plan, store, seen, cell, latents, troubles))]
        if tables:
            stem = folder / FOLDER / ".".join(map(file_name, place))
            files |= _files(stem, _joined(tables))
    for path, data in files.items():
        write_atomically(path, data, replace=True)
    _remove_stale(folder / FOLDER, files)
    return list(files), troubles


def predictions_told(sweep: Sweep, folder: Path, *, latents: bool) -> list[str]:
    """Write the predictions of a finished pass; return where they are, and what is left out and why, line by line."""
    seen = {"datasets": sweep.witness.datasets, "predictions": sweep.witness.predictions}
    files, troubles = write_predictions(sweep.plan, sweep.store, seen, folder, latents=latents)
    return [*(f"predictions: {path}" for path in files), *troubles]


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Return the softmax of float32 (N, K) in float64, each row summing to 1."""
    import numpy as np

    powers = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True).astype(np.float64))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def file_name(label: str) -> str:
    """Return a label as part of a file's name: no path, no dot, and two labels have two names."""
    safe = re.sub(r"[^A-Za-z0-9_+=-]+", "-", label)[:LONGEST].lstrip("-")
    return safe if safe == label else f"{safe}-{key_of(label)[:8]}".lstrip("-")


def _unlabelled(plan: Plan, store: Store, cell: Cell) -> Sequence[str]:
    kept = store.read("datasets", plan.job_of(cell).dataset_key)
    return kept["result"].get("unlabelled", ()) if kept else ()


def _opened(
    plan: Plan, store: Store, seen: Mapping[str, Any], cell: Cell, latents: bool, troubles: list[str]
) -> Columns | None:
    from astrobench.stages.score import stored_prediction

    job = plan.job_of(cell)
    try:
        found = stored_prediction(store, seen, cell.key, cell.domain, job.dataset_key, job.limit)
    except AstrobenchError as error:
        labels = plan.labels(cell)
        where = " · ".join(str(labels[axis]) for axis in ("domain", "architecture", "method", "seed"))
        troubles.append(f"predictions of {where} are left out: {error}")
        return None
    return None if found is None else columns(found, plan.labels(cell), latents=latents)


def columns(found: Prediction, labels: Mapping[str, Any], *, latents: bool) -> Columns:
    """Return the columns of one prediction, (N,) each. labels: of its cell, by axis."""
    import numpy as np

    n = len(found.ids)
    named = {axis: np.full(n, labels[axis]) for axis in ("dataset", "domain", "architecture", "method", "seed")}
    table: Columns = {**named, "id": found.ids, "image": np.arange(n) if found.rows is None else found.rows}
    if found.task == "regression":
        values = found.logits.astype(np.float64)
        names = [f"{kind}_{name}" for kind in ("mean", "std") for name in found.classes]
    else:
        values = probabilities(found.logits)
        names = [f"p_{name}" for name in found.classes]
        table["predicted"] = np.array(found.classes)[found.logits.argmax(axis=1)]
    table |= dict(zip(names, values.T, strict=True))
    return table | ({f"latent_{k}": values for k, values in enumerate(found.latent.T)} if latents else {})


def _joined(tables: Sequence[Columns]) -> Columns:
    """Return tables one below another; latents that one network lacks are empty there."""
    import numpy as np

    names = dict.fromkeys(name for table in tables for name in table)
    sizes = [len(table["id"]) for table in tables]
    filled = {
        name: [table.get(name, np.full(n, np.nan, np.float32)) for table, n in zip(tables, sizes, strict=True)]
        for name in names
    }
    return {name: np.concatenate(parts) for name, parts in filled.items()}


def _files(stem: Path, table: Columns) -> dict[Path, bytes]:
    return {
        stem.with_name(f"{stem.name}.csv"): _csv(table).encode("utf-8"),
        stem.with_name(f"{stem.name}.parquet"): _parquet(table),
    }


def _csv(table: Columns) -> str:
    """Return the CSV text; a text that a spreadsheet would take for a formula gets an apostrophe in front."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(spreadsheet, table))
    writer.writerows(zip(*map(_texts, table.values()), strict=True))
    return text.getvalue()


def _texts(values: np.ndarray) -> list[str]:
    """Return values as text: names escaped, numbers in the fewest digits that give the same number back."""
    if values.dtype.kind == "U":
        return [spreadsheet(value) for value in values]
    told: list[str] = values.astype(str).tolist()
    return ["" if value == "nan" else value for value in told]


def _parquet(table: Columns) -> bytes:
    import pyarrow
    from pyarrow import parquet

    sink = io.BytesIO()
    parquet.write_table(pyarrow.table({name: pyarrow.array(values) for name, values in table.items()}), sink)
    return sink.getvalue()


def _remove_stale(folder: Path, files: Mapping[Path, bytes]) -> None:
    for path in (*folder.glob("*.csv"), *folder.glob("*.parquet")):
        if path not in files:
            path.unlink(missing_ok=True)
