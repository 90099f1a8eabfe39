"""`astrobench plan` and `astrobench status`: what there is to do, what is done, and what the rest will take."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from astrobench.cli.running import Order, Wishes, ordered
from astrobench.engine import Options, Sweep
from astrobench.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from astrobench.plan import Cell, Job


def show_plan(wishes: Wishes) -> None:
    """Print the trainings of a suite with their cells, and the estimate."""
    order = ordered(wishes)
    sweep = Sweep(order.plan, Store(order.results), Options())
    missing = sweep.missing()
    console = Console()
    console.print(_table(order, missing))
    suite = order.plan.suite
    done = len(order.plan.cells) - sum(map(len, missing.values()))
    profile = f", profile {order.plan.profile}" if order.plan.profile else ""
    console.print(
        f"{suite.name} {suite.version}{profile}: {len(order.plan.cells)} cells of {len(order.plan.jobs)} trainings,"
        f" {done} cells done; results in {order.results}",
        highlight=False,
    )
    for line in _estimate(order, sweep.store, missing):
        console.print(line, highlight=False)


def show_status(wishes: Wishes) -> int:
    """Print the cells of a suite by their state; return 0 when all are done."""
    order = ordered(wishes)
    store = Store(order.results)
    missing = {cell.key for cells in Sweep(order.plan, store, Options()).missing().values() for cell in cells}
    table = Table("method", "architecture", "seed", "done", "missing", "epochs so far")
    for job in order.plan.jobs.values():
        cells = [cell for cell in order.plan.cells if cell.job == job.key]
        left = sum(cell.key in missing for cell in cells)
        begun = "checkpoint" if (store.root / "checkpoints" / job.key).exists() else ""
        told = "trained" if store.read("trainings", job.key) else begun
        table.add_row(job.method.label, job.architecture.label, str(job.seed), str(len(cells) - left), str(left), told)
    console = Console()
    console.print(table)
    console.print(f"{len(order.plan.cells) - len(missing)} of {len(order.plan.cells)} cells done", highlight=False)
    return 1 if missing else 0


def _table(order: Order, missing: Mapping[str, list[Cell]]) -> Table:
    table = Table("dataset", "architecture", "method", "seeds", "cells", "done")
    grouped: dict[tuple[str, str, str], list[Job]] = {}
    for job in order.plan.jobs.values():
        grouped.setdefault((job.dataset.label, job.architecture.label, job.method.label), []).append(job)
    cells = Counter(cell.job for cell in order.plan.cells)
    for labels, jobs in grouped.items():
        total = sum(cells[job.key] for job in jobs)
        left = sum(len(missing.get(job.key, ())) for job in jobs)
        seeds = ",".join(str(job.seed) for job in jobs)
        table.add_row(*map(escape, labels), seeds, str(total), str(total - left))
    return table


def _estimate(order: Order, store: Store, missing: Mapping[str, list[Cell]]) -> Iterable[str]:
    """Say what the rest takes: from this machine's own records where there are any, else from the suite's."""
    plan, told = order.plan, order.plan.suite.measured
    datasets = {job.dataset_key for job in plan.jobs.values()}
    unprepared = [key for key in datasets if store.read("datasets", key) is None]
    untrained = [key for key in missing if store.read("trainings", key) is None]
    known = [kept["provenance"]["seconds"] for key in plan.jobs if (kept := store.read("trainings", key))]
    training = sum(known) / len(known) if known else told.training_seconds
    cells = sum(map(len, missing.values()))
    work = len(untrained) * training + cells * told.cell_seconds
    side_by_side = max(min(order.workers, len(missing)), 1)
    seconds = len(unprepared) * told.dataset_seconds + work / side_by_side
    disk = len(unprepared) * told.dataset_megabytes + len(missing) * told.megabytes_per_training
    source = "this machine's own trainings" if known else f"the authors' run on {told.on}"
    yield (
        f"to do: {len(unprepared)} datasets, {len(untrained)} trainings, {cells} cells; about {_duration(seconds)} with"
        f" {order.workers} at a time and {disk:,.0f} MB of disk, judged by {source}"
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
