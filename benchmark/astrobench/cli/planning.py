"""`astrobench plan` and `astrobench status`: what there is to do, what is done, and what the rest will take."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from astrobench.cli.estimates import summary
from astrobench.cli.output import plain_console, print_rows
from astrobench.cli.running import Order, Wishes, ordered
from astrobench.engine import Options, Sweep
from astrobench.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from astrobench.plan import Cell, Job


def show_plan(wishes: Wishes) -> None:
    """Print the trainings of a suite with their cells, and the estimate."""
    order = ordered(wishes)
    sweep = Sweep(order.plan, Store(order.results), Options())
    sweep.stock.refuse_misfits()
    missing = sweep.missing()
    sweep.stock.check_needs()
    console = plain_console()
    rows = _rows(order, missing)
    print_rows(console, ("dataset", "architecture", "method"), ("seeds", "cells", "done"), rows)
    for line in summary(order, sweep.store, missing):
        console.print(line)


def show_status(wishes: Wishes) -> int:
    """Print the cells of a suite by their state; return 0 when all are done."""
    order = ordered(wishes)
    store = Store(order.results)
    missing = {cell.key for cells in Sweep(order.plan, store, Options()).missing().values() for cell in cells}
    rows = []
    for job in order.plan.jobs.values():
        cells = [cell for cell in order.plan.cells if cell.job == job.key]
        left = sum(cell.key in missing for cell in cells)
        begun = "checkpoint" if (store.root / "checkpoints" / job.key).exists() else ""
        state = "trained" if store.read("trainings", job.key) else begun
        numbers = (str(job.seed), str(len(cells) - left), str(left), state)
        rows.append((job.dataset.label, job.architecture.label, job.method.label, *numbers))
    console = plain_console()
    print_rows(console, ("dataset", "architecture", "method"), ("seed", "done", "missing", "state"), rows)
    console.print(f"{len(order.plan.cells) - len(missing)} of {len(order.plan.cells)} cells done")
    return 1 if missing else 0


def _rows(order: Order, missing: Mapping[str, list[Cell]]) -> Iterator[tuple[str, ...]]:
    grouped: dict[tuple[str, str, str], list[Job]] = {}
    for job in order.plan.jobs.values():
        grouped.setdefault((job.dataset.label, job.architecture.label, job.method.label), []).append(job)
    cells = Counter(cell.job for cell in order.plan.cells)
    for labels, jobs in grouped.items():
        total = sum(cells[job.key] for job in jobs)
        left = sum(len(missing.get(job.key, ())) for job in jobs)
        seeds = ", ".join(str(job.seed) for job in jobs)
        yield (*labels, seeds, str(total), str(total - left))
