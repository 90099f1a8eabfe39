"""What a run will take, as far as that was ever measured; printed before anything runs."""

from __future__ import annotations

import math
import os
from collections import Counter
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from astrobench.cli.running import Order
    from astrobench.plan import Cell, Job, Plan
    from astrobench.store import Store

ENOUGH = 5
"""Stored results of one kind whose times are averaged."""

FREE = {"training.epochs", "training.selection"}
"""Settings that need no measurement of their own: a training takes as long as it has epochs."""


class _Kind(NamedTuple):
    """A kind of work, all of which takes the same time. name: dataset, training or cell. labels: axis → entry."""

    name: str
    labels: tuple[tuple[str, str], ...]


def summary(order: Order, store: Store, missing: Mapping[str, list[Cell]]) -> Iterator[str]:
    """Yield two lines: the cells of a run and how many are done, then what is left and what that will take."""
    suite = order.plan.suite
    done = len(order.plan.cells) - sum(map(len, missing.values()))
    profile = f", profile {order.plan.profile}" if order.plan.profile else ""
    yield (
        f"{suite.name} {suite.version}{profile}: {_counted(len(order.plan.cells), 'cell')} of"
        f" {_counted(len(order.plan.jobs), 'training')}, {_counted(done, 'cell')} done; results in {order.results}"
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
    """Return what is left to do, with its time and disk, or with why nobody can know them yet."""
    plan = order.plan
    datasets = {job.dataset_key: job for job in plan.jobs.values()}
    prepared = {key: found["result"] for key in datasets if (found := store.read("datasets", key)) is not None}
    untrained = [plan.jobs[key] for key in missing if store.read("trainings", key) is None]
    cells = [cell for some in missing.values() for cell in some]
    undrawn = [job for key, job in datasets.items() if key not in prepared]
    left = Counter(
        [*map(_drawing, undrawn), *map(_training, untrained), *(_testing(plan.job_of(cell), cell) for cell in cells)]
    )
    size = _size(untrained, prepared, plan.suite.limit) if untrained else ""
    work = f"to do: {_counted(len(undrawn), 'dataset')}, {_counted(len(untrained), 'training')}{size}"
    work += f", {_counted(len(cells), 'cell')}"
    stored = _stored_seconds(plan, store, missing, untrained) if left else {}
    if unknown := dict.fromkeys(why for kind in left if kind not in stored for why in _not_measured(order, kind)):
        return f"{work}; how long that takes is not known: nothing was measured for {_listed(list(unknown))}"
    return work + (_told(order, left, stored, len(missing)) if left else "")


def _told(order: Order, left: Counter[_Kind], stored: Mapping[_Kind, float], trainings: int) -> str:
    measured = order.usual.measured
    seconds = {kind: n * (stored[kind] if kind in stored else _as_measured(order, kind)) for kind, n in left.items()}
    first = sum(spent for kind, spent in seconds.items() if kind.name == "dataset")  # one after the other
    workers = order.workers if order.devices[0] != "cpu" else min(order.workers, os.cpu_count() or 1)
    together = max(min(workers, trainings), 1)
    told = f"; about {_duration(first + (sum(seconds.values()) - first) / together)} with {order.workers} at a time"
    if measured is not None and measured.megabytes_per_training is not None:
        drawn = sum(n for kind, n in left.items() if kind.name == "dataset")
        megabytes = drawn * measured.dataset_megabytes + trainings * measured.megabytes_per_training
        told += f" and {megabytes:,.0f} MB of disk"
    sources = ["this machine's own results"] if stored.keys() & left.keys() else []
    if measured is not None and left.keys() - stored.keys():
        sources.append(f"the authors' run on {measured.on}")
    return f"{told}, judged by {' and '.join(sources)}"


def _drawing(job: Job) -> _Kind:
    return _Kind("dataset", (("dataset", job.dataset.label),))


def _training(job: Job) -> _Kind:
    labels = {axis: getattr(job, axis).label for axis in ("dataset", "architecture", "method")}
    return _Kind("training", tuple(labels.items()))


def _testing(job: Job, cell: Cell) -> _Kind:
    labels = {"dataset": job.dataset, "architecture": job.architecture, "perturbation": cell.perturbation}
    return _Kind("cell", tuple((axis, choice.label) for axis, choice in labels.items()))


def _stored_seconds(
    plan: Plan, store: Store, missing: Mapping[str, list[Cell]], untrained: Iterable[Job]
) -> dict[_Kind, float]:
    """Return the mean seconds of each kind of work that this plan has done already, whatever its seed."""
    left = {job.key for job in untrained} | {cell.key for cells in missing.values() for cell in cells}
    done = [("trainings", _training(job), key) for key, job in plan.jobs.items() if key not in left]
    done += [("cells", _testing(plan.job_of(cell), cell), cell.key) for cell in plan.cells if cell.key not in left]
    seconds: dict[_Kind, list[float]] = {}
    for room, kind, key in done:
        some = seconds.setdefault(kind, [])
        if len(some) < ENOUGH and (found := store.read(room, key)) is not None:
            some.append(found["provenance"]["seconds"])
    return {kind: fmean(some) for kind, some in seconds.items() if some}


def _not_measured(order: Order, kind: _Kind) -> Iterator[str]:
    """Yield what keeps the authors' measurement, if there is one, from being that of some work."""
    usual, suite, profile = order.usual, order.plan.suite, order.plan.profile
    if usual.measured is None:
        yield f"profile {profile}" if profile else f"suite {suite.name}"
        return
    if not order.devices[0].startswith(usual.measured.device):
        yield f"device {order.devices[0]}"
    for axis, label in kind.labels:
        before, now = ({use.label: use for use in getattr(one.axes, axis)} for one in (usual, suite))
        if before.get(label) != now[label]:
            yield f"{axis} {label}"
    yield from _changed(usual.model_dump(), suite.model_dump())


def _changed(usual: Mapping[str, Any], suite: Mapping[str, Any]) -> list[str]:
    """Return the settings that cost time and are not those of the measurement."""
    before, now = (
        {"limit": one["limit"], "threads": one["threads"]}
        | {f"{table}.{name}": value for table in ("training", "predict") for name, value in one[table].items()}
        for one in (usual, suite)
    )
    return [f"{name} = {now[name]}" for name in now if now[name] != before[name] and name not in FREE]


def _as_measured(order: Order, kind: _Kind) -> float:
    """Return the seconds that the authors measured, scaled to the epochs that are asked for."""
    seconds = float(getattr(order.usual.measured, f"{kind.name}_seconds"))
    if kind.name != "training":
        return seconds
    method = next(use for use in order.usual.axes.method if use.label == dict(kind.labels)["method"])
    usual, now = (method.training.get("epochs", one.training.epochs) for one in (order.usual, order.plan.suite))
    return seconds * float(now / usual)


def _size(jobs: Iterable[Job], prepared: Mapping[str, Mapping[str, Any]], limit: int | None) -> str:
    """Return epochs and images of trainings; images only of a dataset that was opened before."""
    epochs = {job.training["epochs"] for job in jobs}
    sizes = {prepared.get(job.dataset_key, {}).get("sizes", {}).get("train", 0) for job in jobs}
    images = f" over {_range({min(size, limit or size) for size in sizes})} images" if all(sizes) else ""
    return f" of {_range(epochs)} {'epoch' if epochs == {1} else 'epochs'}{images}"


def _range(numbers: set[int]) -> str:
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _listed(texts: list[str]) -> str:
    more = f" and {len(texts) - 3} more" if len(texts) > 3 else ""
    return f"{', '.join(texts[:3])}{more}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{math.ceil(seconds)} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
