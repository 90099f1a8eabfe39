"""What a results directory holds of a plan, and what it lacks."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from astrobench.errors import DataError
from astrobench.keys import canonical, key_of_text
from astrobench.plan import clean_cell, reference_cell
from astrobench.records import Row, score_from_plain
from astrobench.validation import picks_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench.plan import Cell, Job, Plan
    from astrobench.store import Store

Place = dict[str, Any]
"""What a cell is scored against, with the key of the score: see `astrobench.stages.score`."""


@dataclass(frozen=True)
class Stock:
    """A plan beside the store that its results are in. places: those found so far, by cell; see `place`."""

    plan: Plan
    store: Store
    places: dict[str, Place] = field(default_factory=dict, compare=False, repr=False)

    def prepared(self, job: Job) -> bool:
        """Say whether the dataset of a training was opened, and its truths are kept."""
        kept = self.store.read("datasets", job.dataset_key)
        return kept is not None and all(map(self.store.holds, kept["result"]["truth"].values()))

    def check_needs(self) -> None:
        """Refuse a perturbation that needs what an opened dataset is known not to have. Raises DataError."""
        opened = {job.dataset_key: self.store.read("datasets", job.dataset_key) for job in self.plan.jobs.values()}
        checked: set[tuple[str, str, str]] = set()
        unmet: dict[str, str] = {}
        for cell in self.plan.cells:
            job, label = self.plan.job_of(cell), cell.perturbation.label
            facts = ((opened[job.dataset_key] or {}).get("result", {}).get("facts") or {}).get(cell.domain)
            case = (job.dataset_key, cell.domain, label)
            if facts is None or case in checked or label not in self.plan.needs:
                continue
            checked.add(case)
            if lacking := self.plan.needs[label].unmet(cell.perturbation.params, facts):
                where = f"domain {cell.domain!r} of dataset {job.dataset.label!r}"
                unmet.setdefault(label, f"perturbation {label!r} cannot be applied to {where}: {lacking}")
        if unmet:
            first, *others = unmet
            more = f"; the same holds for {', '.join(map(repr, others))}" if others else ""
            raise DataError(f"{unmet[first]}{more}; leave out, or exclude, what cannot be applied")

    def trained(self, job: Job) -> bool:
        """Say whether a training is finished."""
        return self.store.read("trainings", job.key) is not None

    def predicted(self, cell: Cell) -> bool:
        """Say whether a cell is predicted, and its predictions are kept."""
        kept = self.store.read("cells", cell.key)
        return kept is not None and self.store.holds(kept["result"]["prediction"])

    def missing(self) -> dict[str, list[Cell]]:
        """Return the cells that are not predicted, by training."""
        left: dict[str, list[Cell]] = {}
        for cell in self.plan.cells:
            if not self.predicted(cell):
                left.setdefault(cell.job, []).append(cell)
        return left

    def place(self, cell: Cell) -> Place | None:
        """Return what a cell is scored against; None where it is not predicted yet. Found once, and then kept."""
        if cell.key not in self.places and (found := self._place(cell)) is not None:
            self.places[cell.key] = found
        return self.places.get(cell.key)

    def _place(self, cell: Cell) -> Place | None:
        clean, reference = clean_cell(self.plan, cell), reference_cell(self.plan, cell)
        cells = {
            "perturbed": cell,
            "clean": clean,
            "reference_perturbed": reference,
            "reference_clean": reference and clean_cell(self.plan, reference),
        }
        there = {name: self._there(other) for name, other in cells.items()}
        if there["perturbed"] is None:
            return None
        # canonical JSON of both, the half that is the same each time written once
        return {"key": key_of_text(f'{{"cells":{canonical(there)},"metrics":{self._metrics}}}'), **there}

    @cached_property
    def _metrics(self) -> str:
        return canonical([{"plugin": metric.identity, "label": metric.label} for metric in self.plan.metrics])

    def _there(self, cell: Cell | None) -> dict[str, str] | None:
        if cell is None or not self.store.has("cells", cell.key):
            return None
        return {"cell": cell.key, "domain": cell.domain, "dataset": self.plan.job_of(cell).dataset_key}

    def row(self, cell: Cell) -> Row:
        """Return the row of a cell; without numbers, it is "missing"."""
        job = self.plan.job_of(cell)
        kept, place = self.store.read("cells", cell.key), self.place(cell)
        trained = self.store.read("trainings", job.key)
        scored = None if place is None else self.store.read("scores", place["key"])
        common: dict[str, Any] = {**self.plan.labels(cell), "cell": cell.key, "training": job.key}
        common["point"] = self.plan.points.get(cell.perturbation.label)
        common["oracle"] = bool(trained and trained["result"]["oracle"])
        if kept is None or scored is None:
            return Row(**common, status="missing", reason="not run yet")
        found, origin = scored["result"], {"plugins": _origins(cell, job), **kept["provenance"]}
        if trained:
            origin |= {"training_seconds": trained["provenance"]["seconds"], **_elsewhere(kept, trained)}
        failed = "; ".join(f"metric {name}: {reason}" for name, reason in found["failed"].items())
        return Row(
            **common,
            status="plugin_error" if failed else "ok",
            reason=failed,
            scores={name: score_from_plain(body) for name, body in found["scores"].items()},
            correct=found["correct"],
            correct_n=found["correct_n"],
            checkpoints=picks_at(job, cell, trained, self.store),
            provenance=origin,
        )


def _elsewhere(kept: Mapping[str, Any], trained: Mapping[str, Any]) -> dict[str, str]:
    """Return the mark of a number whose network was trained in another environment than it was predicted in."""
    here, there = (str(body["provenance"].get("fingerprint", "")) for body in (kept, trained))
    return {} if here == there else {"fingerprint": f"{here}+{there}", "trained_in": there}


def _origins(cell: Cell, job: Job) -> Mapping[str, str]:
    used = {
        "dataset": job.dataset,
        "architecture": job.architecture,
        "method": job.method,
        "perturbation": cell.perturbation,
    }
    return {kind: f"{choice.plugin} from {choice.origin}, source {choice.digest[:12]}" for kind, choice in used.items()}
