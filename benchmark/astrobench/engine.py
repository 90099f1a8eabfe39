"""Plan → store: prepare the datasets, train and predict what is missing, score it, and give the rows.

The driver holds no plugin and no torch; names and keys travel to workers, data travel through the store. What the
store already holds is never computed again, so running the same command once more goes on where the last one ended.
"""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from astrobench.errors import DataError, StoreError
from astrobench.isolation import Outcome, Task, memory_share, run_here, run_isolated
from astrobench.keys import key_of
from astrobench.plan import clean_cell, plain, reference_cell
from astrobench.records import Row, score_from_plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from astrobench.plan import Cell, Job, Plan
    from astrobench.store import Store

SCORED_AT_ONCE = 64


@dataclass(frozen=True)
class Running:
    """A task that is under way, as a display sees it."""

    name: str
    progress: str


@dataclass(frozen=True)
class Options:
    """How a plan is carried out; nothing here changes a number. watch: called a few times a second."""

    devices: Sequence[str] = ("cpu",)
    workers: int = 1
    in_process: bool = False
    watch: Callable[[Sequence[Running], str], None] = lambda running, told: None


@dataclass
class Sweep:
    """One pass over a plan. failures: cell key → (status, reason) of this pass."""

    plan: Plan
    store: Store
    options: Options
    failures: dict[str, tuple[str, str]] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> tuple[Row, ...]:
        """Do all that is missing and return every row of the plan. Raises DataError before any training."""
        self.prepare()
        self.fit()
        self.score()
        return self.rows()

    def prepare(self) -> None:
        """Open every dataset once, one after the other: drawing uses all cores by itself."""
        for job in {job.dataset_key: job for job in self.plan.jobs.values()}.values():
            if self._prepared(job.dataset_key):
                continue
            payload = {
                "root": str(self.store.root),
                "choice": plain(job.dataset),
                "key": job.dataset_key,
                "domains": list(self.plan.suite.axes.domain),
                "batch_size": job.training["batch_size"],
            }
            task = self._task("astrobench.stages.prepare:prepare", payload, f"dataset-{job.dataset_key[:16]}")
            for _, outcome in self._carried_out([(f"dataset {job.dataset.label}", task)], 1):
                if outcome.status != "ok":
                    raise DataError(f"dataset {job.dataset.label!r}: {outcome.reason}")

    def _prepared(self, key: str) -> bool:
        kept = self.store.read("datasets", key)
        return kept is not None and all(map(self.store.holds, kept["result"]["truth"].values()))

    def fit(self) -> None:
        """Train and predict what is missing, one worker a training."""
        tasks = []
        missing = self.missing()
        for number, (key, cells) in enumerate(missing.items()):
            job = self.plan.jobs[key]
            payload = {
                "root": str(self.store.root),
                "job": plain(job),
                "cells": [plain(cell) for cell in cells],
                "device": self.options.devices[number % len(self.options.devices)],
            }
            tasks.append((_name(job), self._task("astrobench.stages.fit:fit", payload, f"training-{key[:16]}")))
        cells_of = dict(zip([id(task) for _, task in tasks], missing.values(), strict=True))
        for task, outcome in self._carried_out(tasks, self.options.workers):
            self._note(cells_of[id(task)], outcome)

    def missing(self) -> dict[str, list[Cell]]:
        """Return the cells that the store lacks, by training."""
        left: dict[str, list[Cell]] = {}
        for cell in self.plan.cells:
            kept = self.store.read("cells", cell.key)
            if kept is None or not self.store.holds(kept["result"]["prediction"]):
                left.setdefault(cell.job, []).append(cell)
        return left

    def score(self) -> None:
        """Score every predicted cell whose numbers are missing."""
        places = [place for cell in self.plan.cells if (place := self._place(cell)) is not None]
        left = [place for place in places if self.store.read("scores", place["key"]) is None]
        tasks = []
        for start in range(0, len(left), SCORED_AT_ONCE):
            part = left[start : start + SCORED_AT_ONCE]
            metrics = [plain(metric) for metric in self.plan.metrics]
            payload = {"root": str(self.store.root), "metrics": metrics, "cells": part}
            task = self._task("astrobench.stages.score:score", payload, f"scores-{part[0]['key'][:16]}")
            tasks.append((f"scores of {len(part)} cells", task))
        for _, outcome in self._carried_out(tasks, self.options.workers):
            if outcome.status != "ok":
                raise StoreError(f"scoring failed: {outcome.reason}")

    def rows(self) -> tuple[Row, ...]:
        """Return one row a cell of the plan: its numbers, or why it has none."""
        return tuple(self._row(cell) for cell in self.plan.cells)

    def _row(self, cell: Cell) -> Row:
        job = self.plan.job_of(cell)
        kept, place = self.store.read("cells", cell.key), self._place(cell)
        trained = self.store.read("trainings", job.key)
        scored = None if place is None else self.store.read("scores", place["key"])
        common: dict[str, Any] = {**self.plan.labels(cell), "cell": cell.key, "training": job.key}
        common["oracle"] = bool(trained and trained["result"]["oracle"])
        if kept is None or scored is None:
            status, reason = self.failures.get(cell.key, ("missing", "not run yet"))
            return Row(**common, status=status, reason=reason)
        found, origin = scored["result"], {"plugins": _origins(cell, job), **kept["provenance"]}
        if trained:
            origin |= {"training_seconds": trained["provenance"]["seconds"]}
        failed = "; ".join(f"metric {name}: {reason}" for name, reason in found["failed"].items())
        return Row(
            **common,
            status="plugin_error" if failed else "ok",
            reason=failed,
            scores={name: score_from_plain(body) for name, body in found["scores"].items()},
            correct=found["correct"],
            correct_n=found["correct_n"],
            provenance=origin,
        )

    def _place(self, cell: Cell) -> dict[str, Any] | None:
        """Return what a cell is scored against, with the key of the score; None where it is not predicted yet."""
        clean, reference = clean_cell(self.plan, cell), reference_cell(self.plan, cell)
        cells = {
            "perturbed": cell,
            "clean": clean,
            "reference_perturbed": reference,
            "reference_clean": reference and clean_cell(self.plan, reference),
        }
        there = {name: self._predicted(other) for name, other in cells.items()}
        if there["perturbed"] is None:
            return None
        metrics = [{"plugin": m.identity, "label": m.label} for m in self.plan.metrics]
        return {"key": key_of({"cells": there, "metrics": metrics}), **there}

    def _predicted(self, cell: Cell | None) -> dict[str, str] | None:
        if cell is None or not self.store.path("cells", cell.key).exists():
            return None
        return {"cell": cell.key, "domain": cell.domain, "dataset": self.plan.job_of(cell).dataset_key}

    def _note(self, cells: Iterable[Cell], outcome: Outcome) -> None:
        """Remember why cells of a training failed; a failed training fails all of them."""
        told = outcome.result.get("cells", {})
        for cell in cells:
            if outcome.status == "ok":
                reason, status = told.get(cell.key, "was not predicted"), "plugin_error"
            else:
                reason, status = outcome.reason, "plugin_error" if outcome.status == "refused" else outcome.status
            if reason:
                self.failures[cell.key] = (status, reason)

    def _task(self, entry: str, payload: Mapping[str, Any], name: str) -> Task:
        log, progress = self.store.scratch("logs", f"{name}.log"), self.store.scratch("progress", f"{name}.json")
        return Task(
            entry, payload, str(log), str(progress), self.plan.suite.timeout, memory_share(self.options.workers)
        )

    def _carried_out(self, tasks: Sequence[tuple[str, Task]], workers: int) -> Iterable[tuple[Task, Outcome]]:
        """Carry tasks out side by side; give each with its outcome as it ends, and tell the display meanwhile."""
        if not tasks:
            return
        if self.options.in_process:
            for name, task in tasks:
                self.options.watch([Running(name, task.progress)], "")
                yield task, run_here(task)
            return
        with _pool(workers, self.stop) as pool:
            futures = {pool.submit(run_isolated, task, self.stop): (name, task) for name, task in tasks}
            yield from self._as_they_end(futures)

    def _as_they_end(self, futures: dict[Future[Outcome], tuple[str, Task]]) -> Iterable[tuple[Task, Outcome]]:
        left, total = set(futures), len(futures)
        while left:
            ended, left = wait(left, timeout=0.25, return_when=FIRST_COMPLETED)
            for future in ended:
                yield futures[future][1], future.result()
            running = [Running(name, task.progress) for f, (name, task) in futures.items() if f in left and f.running()]
            self.options.watch(running, f"{total - len(left)} of {total}")


class _pool(ThreadPoolExecutor):  # noqa: N801 - used as a context manager, like the function it stands for
    """Threads that each wait for one child; leaving the block early kills the children first."""

    def __init__(self, workers: int, stop: threading.Event) -> None:
        super().__init__(max_workers=workers)
        self.stop = stop

    def __exit__(self, *error: Any) -> None:
        if error[0] is not None:
            self.stop.set()
        self.shutdown(wait=True, cancel_futures=True)


def _name(job: Job) -> str:
    return f"{job.dataset.label} · {job.architecture.label} · {job.method.label} · seed {job.seed}"


def _origins(cell: Cell, job: Job) -> dict[str, str]:
    used = {
        "dataset": job.dataset,
        "architecture": job.architecture,
        "method": job.method,
        "perturbation": cell.perturbation,
    }
    return {kind: f"{choice.plugin} from {choice.origin}, source {choice.digest[:12]}" for kind, choice in used.items()}
