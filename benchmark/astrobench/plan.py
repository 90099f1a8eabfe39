"""Suite × registry → plan: every cell of the cross product, with the keys that say what its number depends on.

Keys chain: dataset → training → cell. Metrics, executor and the index of a device stay outside, so one more
metric or perturbation trains nothing again, and a training moves between machines of one device class.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import product
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from astrobench.choices import Choice, check_reference, check_task, choices, points
from astrobench.digests import source_digest
from astrobench.errors import SuiteError
from astrobench.filters import kept
from astrobench.keys import key_of
from astrobench.suite import AXES, Training, check_suite, merged
from astrobench.validation import rule_identity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from astrobench.needs import Needs
    from astrobench.registry import Registry
    from astrobench.severities import Point
    from astrobench.suite import Suite, Use

SCHEMA = 3  # of what is stored under a key; raise it when the arrays of a prediction or a training change
_in_order = itemgetter(*AXES)


@dataclass(frozen=True)
class Job:
    """A training: what several cells share."""

    key: str
    dataset: Choice
    dataset_key: str
    source: str
    architecture: Choice
    method: Choice
    training: Mapping[str, Any]
    seed: int
    limit: int | None
    threads: int
    device: str


@dataclass(frozen=True)
class Cell:
    """One dataset × domain × architecture × method × perturbation × seed."""

    key: str
    job: str
    domain: str
    perturbation: Choice
    predict: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """All cells of a suite and the trainings that they share, in the order of the axes.

    points: label of a perturbation → where on its severity curve it lies. needs: label of a perturbation → what it
    needs of a dataset.
    """

    suite: Suite
    profile: str
    jobs: Mapping[str, Job]
    cells: tuple[Cell, ...]
    metrics: tuple[Choice, ...]
    points: Mapping[str, Point] = field(default_factory=dict)
    needs: Mapping[str, Needs] = field(default_factory=dict)

    @cached_property
    def index(self) -> Mapping[tuple[Any, ...], Cell]:
        """Cells by their labels, in the order of AXES."""
        return {_in_order(self.labels(cell)): cell for cell in self.cells}

    def at(self, cell: Cell, **labels: Any) -> Cell | None:
        """Return the cell that differs from `cell` in these labels only, or None where the plan has none."""
        return self.index.get(_in_order({**self.labels(cell), **labels}))

    def job_of(self, cell: Cell) -> Job:
        """Return the training of a cell."""
        return self.jobs[cell.job]

    def labels(self, cell: Cell) -> dict[str, Any]:
        """Return the cell's label on each axis."""
        job = self.job_of(cell)
        return {
            "dataset": job.dataset.label, "domain": cell.domain, "architecture": job.architecture.label,
            "method": job.method.label, "perturbation": cell.perturbation.label, "seed": job.seed,
        }  # fmt: skip


def make_plan(suite: Suite, registry: Registry, profile: str, device: str, folder: Path | None = None) -> Plan:
    """Return the plan of a suite. device: the class, "cpu" or "cuda". folder: of its file, where paths lead from.

    Raises PluginError for an unknown plugin, SuiteError for a parameter, filter or label that is wrong.
    """
    axes = suite.axes
    datasets, architectures, methods, perturbations = (
        choices(registry, kind, uses, folder)
        for kind, uses in (
            ("datasets", axes.dataset),
            ("architectures", axes.architecture),
            ("methods", axes.method),
            ("perturbations", axes.perturbation),
        )
    )
    check_reference(suite, methods)
    rules = {use.label: _rules(suite, use) for use in axes.method}
    sources = {use.label: use.source or axes.domain[0] for use in axes.dataset}
    jobs: dict[str, Job] = {}
    cells: dict[str, Cell] = {}
    for dataset, architecture, method, seed in product(datasets, architectures, methods, axes.seed):
        source = sources[dataset.label]
        job = _job(suite, dataset, source, architecture, method, rules[method.label], seed, device)
        for domain, perturbation in product(axes.domain, perturbations):
            cell = _cell(suite, job, domain, perturbation)
            labels = {
                "dataset": dataset.label, "domain": domain, "architecture": architecture.label,
                "method": method.label, "perturbation": perturbation.label, "seed": seed,
            }  # fmt: skip
            if kept(suite, labels):
                check_task(registry, dataset, method, rules[method.label].selection)
                _check_same(jobs.setdefault(job.key, job), job)
                cells[cell.key] = cell
    if not cells:
        raise SuiteError(f"suite {suite.name!r}: where and exclude leave no cell of the cross product")
    return Plan(
        suite, profile, jobs, tuple(cells.values()), choices(registry, "metrics", suite.metrics, folder),
        points(registry, axes.perturbation, perturbations),
        {choice.label: registry.get(choice.kind, choice.plugin).signature.needs for choice in perturbations},
    )  # fmt: skip


def clean_cell(plan: Plan, cell: Cell) -> Cell | None:
    """Return the cell that `cell` is held against, or None where the plan lacks it.

    A perturbed domain is held against the same domain unperturbed; an unperturbed one against the source.
    """
    unperturbed = next((use.label for use in plan.suite.axes.perturbation if use.plugin == "none"), "none")
    domain = plan.job_of(cell).source if cell.perturbation.plugin == "none" else cell.domain
    return plan.at(cell, domain=domain, perturbation=unperturbed)


def reference_cell(plan: Plan, cell: Cell) -> Cell | None:
    """Return the same cell under the suite's reference method, on the same seed."""
    return plan.at(cell, method=plan.suite.reference)


def _check_same(first: Job, job: Job) -> None:
    """Refuse two names for one training: its numbers would stand under either."""
    for axis in ("dataset", "architecture", "method"):
        a, b = getattr(first, axis).label, getattr(job, axis).label
        if a != b:
            raise SuiteError(
                f"{axis} {a!r} and {b!r} are one training: nothing but the label, or the rule that selects an epoch,"
                " tells them apart; keep one"
            )


def _rules(suite: Suite, use: Use) -> Training:
    """Return the training rules of one method: the suite's, with what the method's entry overrides."""
    body = suite.model_dump(mode="json")
    body["training"] = merged(body["training"], use.training)
    return check_suite(body, f"method {use.label!r}").training


def _job(
    suite: Suite, dataset: Choice, source: str, architecture: Choice, method: Choice, rules: Training, seed: int,
    device: str,
) -> Job:  # fmt: skip
    dataset_key = key_of({"schema": SCHEMA, "dataset": dataset.identity})
    told = rules.model_dump(mode="json")
    depends = {
        "schema": SCHEMA,
        "protocol": [source_digest(f"astrobench.training.{part}") for part in ("loop:train", "keeping:told")],
        "dataset": dataset_key,
        "source": source,
        "architecture": architecture.identity,
        "method": method.identity,
        "training": {name: value for name, value in told.items() if name != "selection"},  # made when it is over
        "seed": seed,
        "limit": suite.limit,
        "threads": suite.threads,
        "device": device,
    }
    return Job(
        key_of(depends), dataset, dataset_key, source, architecture, method, told,
        seed, suite.limit, suite.threads, device,
    )  # fmt: skip


def _cell(suite: Suite, job: Job, domain: str, perturbation: Choice) -> Cell:
    predict = suite.predict.model_dump(mode="json")
    depends = {
        "schema": SCHEMA,
        "protocol": source_digest("astrobench.predicting:predict"),
        "training": job.key,
        "selection": rule_identity(job.training["selection"]),
        "domain": domain,
        "perturbation": perturbation.identity,
        "predict": predict,
    }
    return Cell(key_of(depends), job.key, domain, perturbation, predict)


def plain(value: Job | Cell | Choice) -> dict[str, Any]:
    """Return a job, cell or choice as JSON types, to travel to a worker."""
    return asdict(value)


def job_from(body: Mapping[str, Any]) -> Job:
    """Return the job behind `plain`."""
    choices = {name: Choice(**body[name]) for name in ("dataset", "architecture", "method")}
    return Job(**{**body, **choices})


def cell_from(body: Mapping[str, Any]) -> Cell:
    """Return the cell behind `plain`."""
    return Cell(**{**body, "perturbation": Choice(**body["perturbation"])})
