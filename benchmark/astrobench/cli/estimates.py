"""What a run will take, told before anything runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from astrobench.cli.running import Order
    from astrobench.plan import Cell
    from astrobench.store import Store


def summary(order: Order, store: Store, missing: Mapping[str, list[Cell]]) -> Iterator[str]:
    """Say in two lines what a run comes to: its cells and what is done, then what is left and what it will take."""
    suite = order.plan.suite
    done = len(order.plan.cells) - sum(map(len, missing.values()))
    profile = f", profile {order.plan.profile}" if order.plan.profile else ""
    yield (
        f"{suite.name} {suite.version}{profile}: {len(order.plan.cells)} cells of {len(order.plan.jobs)} trainings,"
        f" {done} cells done; results in {order.results}"
    )
    yield _estimate(order, store, missing)
    yield from notes(order, store)


def notes(order: Order, store: Store) -> Iterator[str]:
    """Give what the datasets that were opened have to say of themselves, such as which rows are left out."""
    labels = {job.dataset_key: job.dataset.label for job in order.plan.jobs.values()}
    for key, label in labels.items():
        kept = store.read("datasets", key)
        for note in kept["result"].get("notes", ()) if kept else ():
            yield f"dataset {label!r}: {note}"


def _estimate(order: Order, store: Store, missing: Mapping[str, list[Cell]]) -> str:
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
    return (
        f"to do: {len(unprepared)} datasets, {len(untrained)} trainings, {cells} cells; about {_duration(seconds)} with"
        f" {order.workers} at a time and {disk:,.0f} MB of disk, judged by {source}"
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
