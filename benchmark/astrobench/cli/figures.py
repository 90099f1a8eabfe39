"""`astrobench figures`: from the stored cells of a suite to files of pictures.

The house has seven hooks and figures are none of them: no number rests on a figure. So the package that draws is found
by its name, when it is needed, and the core knows of it no more than `astrobench_figures.draw`.
"""

from __future__ import annotations

import importlib
import os
import shlex
from functools import partial
from typing import TYPE_CHECKING, Any

from astrobench.cli.running import Wishes, ordered
from astrobench.errors import DataError, StoreError
from astrobench.exhibits import Exhibit
from astrobench.stock import Stock
from astrobench.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import nn

    from astrobench.plan import Cell, Job
    from astrobench.types import Dataset, Prediction

PACKAGE = "astrobench_figures"


def draw_figures(wishes: Wishes, names: Sequence[str], out: Path | None) -> None:
    """Draw figures of what is stored of a suite, those named or all that there can be; print where the files are.

    Raises StoreError where nothing is stored yet, SuiteError for an unknown figure, DataError where the stored cells
    lack what a named figure draws.
    """
    from rich.console import Console

    from astrobench.writing import prove_writable, write_atomically

    order = ordered(wishes)
    exhibits = exhibits_of(Stock(order.plan, Store(order.results)))
    if not exhibits:
        told = f"suite {order.plan.suite.name!r} has no results yet in {order.results}, or of changed code only"
        raise StoreError(f"{told}: {_first(wishes)}")
    folder = out or order.results / "figures" / order.plan.suite.name
    prove_writable(folder, "--out")
    console = Console(highlight=False, markup=False, soft_wrap=True)

    def keep(name: str, data: bytes) -> None:
        write_atomically(folder / name, data, replace=True)
        console.print(str(folder / name))

    os.environ["MPLBACKEND"] = "agg"  # whatever the shell says: nothing is shown, so no display is needed
    for told in importlib.import_module(PACKAGE).draw(exhibits, names, keep):
        console.print(f"not drawn: {told}")
    if len(exhibits) < len(order.plan.cells):
        console.print(f"{len(exhibits)} of {len(order.plan.cells)} cells are stored; the others are not shown")


def exhibits_of(stock: Stock) -> tuple[Exhibit, ...]:
    """Return the predicted cells of a plan, in its order. Opens no array and no dataset."""
    ready = {job.key for job in stock.plan.jobs.values() if stock.prepared(job)}
    cells = (cell for cell in stock.plan.cells if cell.job in ready and stock.predicted(cell))
    return tuple(_exhibit(stock, cell) for cell in cells)


def _exhibit(stock: Stock, cell: Cell) -> Exhibit:
    job, suite = stock.plan.job_of(cell), stock.plan.suite
    about: dict[str, Any] = (stock.store.read("datasets", job.dataset_key) or {})["result"]
    return Exhibit(
        suite=suite.name,
        version=suite.version,
        profile=stock.plan.profile,
        **stock.plan.labels(cell),
        dataset_key=job.dataset_key,
        source=job.source,
        clean=cell.perturbation.plugin == "none",
        key=cell.key,
        task=about["task"],
        synthetic=about["synthetic"],
        unit=about["unit"],
        classes=tuple(about["classes"]),
        reference=suite.reference,
        point=stock.plan.points.get(cell.perturbation.label),
        predicted=partial(_prediction, stock.store, cell, job.dataset_key),
        opened=partial(_dataset, job),
        network=partial(_network, stock.store, job),
        history=partial(_history, stock.store, job),
    )


def _prediction(store: Store, cell: Cell, dataset: str) -> Prediction:
    from astrobench.stages.score import stored_prediction

    found = stored_prediction(store, {}, cell.key, cell.domain, dataset)
    if found is None:
        raise DataError(f"cell {cell.key[:12]} is stored no longer: run the suite again")
    return found


def _dataset(job: Job) -> Dataset:
    from astrobench.stages.datasets import limited, open_dataset, registry_of

    return limited(open_dataset(registry_of(job.dataset), job.dataset), job.limit)


def _network(store: Store, job: Job) -> nn.Module:
    from astrobench.stages.networks import shown_network

    return shown_network(store, job, _dataset(job))


def _history(store: Store, job: Job) -> list[dict[str, Any]]:
    from astrobench.stages.networks import shown_history

    return shown_history(store, job)


def _first(wishes: Wishes) -> str:
    """Return the command that makes what is missing."""
    options = [
        ("--suite", wishes.suite),
        ("--profile", wishes.profile),
        ("--method", wishes.method),
        ("--architecture", wishes.architecture),
        ("--perturbation", wishes.perturbation),
        ("--seeds", wishes.seeds),
        ("--limit", wishes.limit),
        ("--results", wishes.results),
        *(("--set", word) for word in wishes.sets),
    ]
    words = [str(word) for option, value in options if value is not None for word in (option, value)]
    return f"run it first: {shlex.join(['astrobench', 'run', *words])}"
