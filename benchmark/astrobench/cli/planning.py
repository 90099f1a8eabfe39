"""`astrobench plan` and `astrobench status`: what there is to do, what is done, and what the rest will take."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from astrobench.cli.estimates import summary
from astrobench.cli.running import Order, Wishes, ordered
from astrobench.engine import Options, Sweep
from astrobench.store import Store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench.plan import Cell, Job


def show_plan(wishes: Wishes) -> None:
    """Print the trainings of a suite with their cells, and the estimate."""
    order = ordered(wishes)
    sweep = Sweep(order.plan, Store(order.results), Options())
    sweep.stock.refuse_misfits()
    missing = sweep.missing()
    console = Console()
    console.print(_table(order, missing))
    for line in summary(order, sweep.store, missing):
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
