"""Plan → store: prepare the datasets, train and predict what is missing, score it, and give the rows.

The driver holds no plugin and no torch; names and keys travel to workers, data travel through the store. What the
store already holds is never computed again, so running the same command once more goes on where the last one ended,
and two runs at once on one results directory share the work.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from astrobench.carrying import Crew, Work
from astrobench.claims import Claims
from astrobench.collecting import uncollected
from astrobench.errors import DataError, StoreError
from astrobench.isolation import Outcome, Task, memory_share, run_here, run_isolated
from astrobench.plan import plain
from astrobench.recalling import Recalling
from astrobench.stock import UNSCORED, Place, Stock, distribution_of
from astrobench.validation import ENTRY, validations
from astrobench.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from astrobench.carrying import Running
    from astrobench.plan import Cell, Job, Plan
    from astrobench.records import Row
    from astrobench.store import Store

SCORED_AT_ONCE = 64


@dataclass(frozen=True)
class Options:
    """How a plan is carried out; nothing here changes a number. watch: called a few times a second."""

    devices: Sequence[str] = ("cpu",)
    workers: int = 1
    in_process: bool = False
    watch: Callable[[Sequence[Running], str], None] = lambda running, told: None


@dataclass(frozen=True)
class Failure:
    """Why a cell has no numbers after this many attempts."""

    status: str
    reason: str
    attempts: int


@dataclass
class Sweep:
    """One pass over a plan. failures: by cell, those of this pass. untouched: nothing has run since the first look."""

    plan: Plan
    store: Store
    options: Options
    failures: dict[str, Failure] = field(default_factory=dict)
    witness: Witness = field(default_factory=Witness)
    untouched: bool = False

    @cached_property
    def stock(self) -> Stock:
        """What is there and what is missing, read once until something has run."""
        return Stock(self.plan, Recalling(self.store.root))

    def run(self) -> tuple[Row, ...]:
        """Do all that is missing and return every row of the plan. Raises DataError before any training."""
        self.prepare()
        self._look()
        self.fit()
        self.score()
        return self.rows()

    def _look(self) -> None:
        """Remember what the store holds before any plugin that is scored runs."""
        datasets, cells = {job.dataset_key for job in self.plan.jobs.values()}, [cell.key for cell in self.plan.cells]
        with uncollected():
            self.witness.see(self.stock.store, datasets, cells, ())
            keys = [place["key"] for cell in self.plan.cells for place in self.stock.places(cell)]
            self.witness.see(self.stock.store, (), (), keys)
        self.untouched = True

    def _scored(self, place: Place) -> bool:
        """Say whether a score is there and is what was seen: read again once a plugin ran that may have written it."""
        return place["key"] in self.witness.scores if self.untouched else self.witness.knows(self.store, place["key"])

    def _carry_out(self, works: Sequence[Work], workers: int) -> Iterator[tuple[Work, Outcome]]:
        """Carry works out, and trust nothing that was read before: what runs may write into the store."""
        self._forget(works)
        yield from self._crew(workers).carry_out(works)
        self._forget(works)

    def _forget(self, works: Sequence[Work]) -> None:
        if works:
            self.untouched = False
            self.__dict__.pop("stock", None)

    def missing(self) -> dict[str, list[Cell]]:
        """Return the cells that the store lacks, by training."""
        return self.stock.missing()

    def prepare(self) -> None:
        """Open every dataset once, one after the other: drawing uses all cores by itself. Raises DataError."""
        for job in {job.dataset_key: job for job in self.plan.jobs.values()}.values():
            if self.stock.prepared(job):
                continue
            name, key = f"dataset {job.dataset.label}", job.dataset_key
            work = self._work(name, "dataset", key, partial(self._preparing, job))
            for _, outcome in self._carry_out([work], 1):
                if outcome.status != "ok":
                    raise DataError(f"dataset {job.dataset.label!r}: {outcome.reason}")
        self.stock.refuse_misfits()
        self.stock.check_needs()

    def _preparing(self, job: Job, attempt: int) -> Task | None:
        if self.stock.prepared(job):
            return None
        payload = {
            "root": str(self.store.root),
            "choice": plain(job.dataset),
            "key": job.dataset_key,
            "domains": list(self.plan.suite.axes.domain),
            "batch_size": job.training["batch_size"],
        }
        return self._task("astrobench.stages.prepare:prepare", payload, f"dataset-{job.dataset_key[:16]}")

    def fit(self) -> None:
        """Train and predict what is missing, one worker a training."""
        works = []
        for number, (key, cells) in enumerate(self.missing().items()):
            device = self.options.devices[number % len(self.options.devices)]
            works.append(self._fit_work(self.plan.jobs[key], cells, device, "training", key))
        for work, outcome in self._carry_out(works, self.options.workers):
            self.witness.hear_training([cell.key for cell in work.about], outcome.result)
            self._note(work, outcome)

    def _fit_work(self, job: Job, cells: Sequence[Cell], device: str, kind: str, key: str) -> Work:
        task = partial(self._fitting, job, cells, device, f"{kind}-{key[:16]}")
        parts = partial(self._one_by_one, job, cells, device)
        return self._work(_name(job), kind, key, task, parts, cells)

    def _fitting(self, job: Job, cells: Sequence[Cell], device: str, label: str, attempt: int) -> Task | None:
        left = [cell for cell in cells if not self.stock.predicted(cell)]
        body = {"job": plain(job), "cells": [plain(cell) for cell in left], "device": device, "attempt": attempt}
        return self._task("astrobench.stages.fit:fit", {"root": str(self.store.root), **body}, label) if left else None

    def _one_by_one(self, job: Job, cells: Sequence[Cell], device: str) -> list[Work]:
        """Return a work a cell, once the training is done: of cells that died together, one may be guilty."""
        left = [cell for cell in cells if not self.stock.predicted(cell)] if self.stock.trained(job) else []
        return [self._fit_work(job, [cell], device, "cell", cell.key) for cell in left]

    def score(self) -> None:
        """Score every predicted cell whose numbers are missing. Raises StoreError where a stored file is damaged."""
        places = [(cell, place) for cell in self.plan.cells for place in self.stock.places(cell)]
        names = dict.fromkeys(place["metrics_of"] for _, place in places)
        own = [[one for one in places if one[1]["metrics_of"] == name] for name in names]
        groups = [some[at : at + SCORED_AT_ONCE] for some in own for at in range(0, len(some), SCORED_AT_ONCE)]
        works = [self._score_work(group) for group in groups if not all(self._scored(place) for _, place in group)]
        works += [self._validation_work(*told) for told in validations(self.plan, self.stock.store)]
        for work, outcome in self._carry_out(works, self.options.workers):
            if outcome.status == "refused" or (outcome.status != "ok" and not work.about):
                raise StoreError(f"scoring failed: {outcome.reason}")
            self.witness.hear_scores(outcome.result)
            self._note(work, outcome, "scoring: ")

    def _score_work(self, group: Sequence[tuple[Cell, Place]]) -> Work:
        name, key, cells = f"scores of {len(group)} cells", group[0][1]["key"], [cell for cell, _ in group]
        task, parts = partial(self._scoring, group), partial(self._scored_one_by_one, group)
        return self._work(name, "scores", key, task, parts, cells)

    def _scoring(self, group: Sequence[tuple[Cell, Place]], attempt: int) -> Task | None:
        left = [place for _, place in group if not self._scored(place)]
        name = group[0][1]["metrics_of"]
        metrics = [plain(metric) for metric in self.plan.metrics if distribution_of(metric) == name]
        payload = {"root": str(self.store.root), "metrics": metrics, "cells": left, "witness": self.witness.of(left)}
        label = f"scores-{group[0][1]['key'][:16]}"
        return self._task("astrobench.stages.score:score", payload, label) if left else None

    def _scored_one_by_one(self, group: Sequence[tuple[Cell, Place]]) -> list[Work]:
        return [self._score_work([one]) for one in group if not self._scored(one[1])]

    def _validation_work(self, name: str, payload: Mapping[str, Any], label: str) -> Work:
        def task(attempt: int) -> Task | None:
            done = self.store.read("validations", payload["key"]) is not None
            return None if done else self._task(ENTRY, payload, label)

        return self._work(name, "validation", payload["key"], task)

    def rows(self) -> tuple[Row, ...]:
        """Return one row a cell of the plan: its numbers, or why it has none."""
        with uncollected():
            return tuple(map(self._row, self.plan.cells))

    def _row(self, cell: Cell) -> Row:
        row, failure = self.stock.row(cell), self.failures.get(cell.key)
        if row.status == "missing" and cell.key in self.witness.predictions and not self.stock.predicted(cell):
            row = replace(row, reason="its result was there and was deleted during this run: run it again")
        if failure is None:
            return row
        if row.status != "missing":
            told = {name: failure.reason for name in row.problems if name.startswith(UNSCORED)}
            return replace(row, problems={**row.problems, **told})
        origin = {**self._surroundings, "attempts": failure.attempts}
        return replace(row, status=failure.status, reason=failure.reason, provenance=origin)

    @cached_property
    def _surroundings(self) -> Mapping[str, Any]:
        """What workers run on: a task that failed could not tell."""
        payload = {"device": self.options.devices[0], "threads": self.plan.suite.threads}
        task = self._task("astrobench.environment:surroundings", payload, "surroundings")
        return (run_here if self.options.in_process else run_isolated)(task).result

    def _note(self, work: Work, outcome: Outcome, doing: str = "") -> None:
        """Remember why cells of a work failed; what died fails all that it has not done."""
        told = outcome.result.get("cells", {})
        for cell in work.about:
            reason, status = f"{doing}{outcome.reason}", str(outcome.status)
            if status == "ok":
                reason, status = told.get(cell.key, ""), "plugin_error"
            if reason:
                status = "plugin_error" if status == "refused" else status
                self.failures[cell.key] = Failure(status, reason, work.attempt)

    def _work(
        self, name: str, kind: str, key: str, task: Callable[[int], Task | None],
        parts: Callable[[], Sequence[Work]] = tuple, about: Sequence[Cell] = (),
    ) -> Work:  # fmt: skip
        progress = self.store.root / "progress" / f"{kind}-{key[:16]}.json"
        return Work(name, f"{kind}-{key}", str(progress), task, parts, about)

    def _task(self, entry: str, payload: Mapping[str, Any], name: str) -> Task:
        log, progress = self.store.scratch("logs", f"{name}.log"), self.store.scratch("progress", f"{name}.json")
        return Task(
            entry, payload, str(log), str(progress), self.plan.suite.timeout, memory_share(self.options.workers)
        )

    def _crew(self, workers: int) -> Crew:
        claims = Claims(self.store.root / "claims")
        return Crew(claims, workers, self.options.watch, self.options.in_process)


def _name(job: Job) -> str:
    return f"{job.dataset.label} · {job.architecture.label} · {job.method.label} · seed {job.seed}"
