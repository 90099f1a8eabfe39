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
    from collections.abc import Mapping, Sequence

    from astrobench.choices import Choice
    from astrobench.plan import Cell, Job, Plan
    from astrobench.store import Store

Place = dict[str, Any]
"""What a cell is scored against by the metrics of one distribution, "metrics_of", with the key of the score: see
`astrobench.stages.score`."""
UNSCORED = "metrics of"
"""What the problem of a row is called whose numbers a distribution has not given, before the distribution's name."""


@dataclass(frozen=True)
class Stock:
    """A plan beside the store that its results are in. found: places by cell, those asked for so far; see `places`."""

    plan: Plan
    store: Store
    found: dict[str, tuple[Place, ...]] = field(default_factory=dict, compare=False, repr=False)

    def prepared(self, job: Job) -> bool:
        """Say whether the dataset of a training was opened, and its truths are kept."""
        kept = self.store.read("datasets", job.dataset_key)
        return kept is not None and all(map(self.store.holds, kept["result"]["truth"].values()))

    def refuse_misfits(self) -> None:
        """Raise DataError for a training that a prepared dataset cannot give, whichever suite it was prepared for."""
        for job in self.plan.jobs.values():
            kept = self.store.read("datasets", job.dataset_key)
            if kept is not None:
                _check_fits(job, kept["result"])

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

    def places(self, cell: Cell) -> tuple[Place, ...]:
        """Return what a cell is scored against, once for each distribution of metrics; none where it is not predicted.

        Metrics of two distributions are scored in processes of their own: neither can change what the other computes
        with, and a crash costs the numbers of one alone. Found once, and then kept.
        """
        if cell.key not in self.found and (places := self._places(cell)):
            self.found[cell.key] = places
        return self.found.get(cell.key, ())

    def _places(self, cell: Cell) -> tuple[Place, ...]:
        clean, reference = clean_cell(self.plan, cell), reference_cell(self.plan, cell)
        cells = {
            "perturbed": cell,
            "clean": clean,
            "reference_perturbed": reference,
            "reference_clean": reference and clean_cell(self.plan, reference),
        }
        there = {name: self._there(other) for name, other in cells.items()}
        if there["perturbed"] is None:
            return ()
        against = canonical(there)
        # canonical JSON of both, the half that is the same each time written once
        return tuple(
            {"key": key_of_text(f'{{"cells":{against},"metrics":{metrics}}}'), "metrics_of": name, **there}
            for name, metrics in self._metrics.items()
        )

    @cached_property
    def _metrics(self) -> Mapping[str, str]:
        """Distribution → its metrics as canonical JSON; astrobench first, which then says which images are right."""
        metrics = self.plan.metrics
        names = sorted({distribution_of(metric) for metric in metrics}, key=lambda name: (name != "astrobench", name))
        own = {name: [metric for metric in metrics if distribution_of(metric) == name] for name in names or [""]}
        return {
            name: canonical([{"plugin": metric.identity, "label": metric.label} for metric in some])
            for name, some in own.items()
        }

    def _there(self, cell: Cell | None) -> Place | None:
        if cell is None or not self.store.has("cells", cell.key):
            return None
        job = self.plan.job_of(cell)
        limit = {} if job.limit is None else {"limit": job.limit}
        return {"cell": cell.key, "domain": cell.domain, "dataset": job.dataset_key, **limit}

    def row(self, cell: Cell) -> Row:
        """Return the row of a cell; without numbers, it is "missing"."""
        job = self.plan.job_of(cell)
        kept, places = self.store.read("cells", cell.key), self.places(cell)
        trained = self.store.read("trainings", job.key)
        scored = {place["metrics_of"]: self.store.read("scores", place["key"]) for place in places}
        common: dict[str, Any] = {**self.plan.labels(cell), "cell": cell.key, "training": job.key}
        common["point"] = self.plan.points.get(cell.perturbation.label)
        common["oracle"] = bool(trained and trained["result"]["oracle"])
        results = {name: body["result"] for name, body in scored.items() if body is not None}
        if kept is None or not results:
            return Row(**common, status="missing", reason="not run yet")
        origin = {"plugins": _origins(cell, job), **kept["provenance"]}
        if trained:
            origin |= {"training_seconds": trained["provenance"]["seconds"], **_elsewhere(kept, trained)}
        scores, problems = _united([metric.label for metric in self.plan.metrics], list(results.values()))
        unscored = {f"{UNSCORED} {name}": "not scored yet" for name in scored if name not in results}
        first = next(iter(results.values()))
        return Row(
            **common,
            status="ok",
            scores={name: score_from_plain(body) for name, body in scores.items()},
            correct=first["correct"],
            correct_n=first["correct_n"],
            images=first.get("images", 0),
            correct_of=first.get("correct_of", ""),
            objects=first.get("objects", ""),
            labelled=first.get("labelled", True),
            skipped={label: reason for found in results.values() for label, reason in found.get("skipped", {}).items()},
            problems={**problems, **unscored},
            checkpoints=picks_at(job, cell, trained, self.store),
            provenance=origin,
        )


def _check_fits(job: Job, about: Mapping[str, Any]) -> None:
    name, rules = f"dataset {job.dataset.label!r}", job.training
    if job.source != about["source"]:
        raise DataError(
            f"{name} trains on {about['source']!r}, but the suite takes {job.source!r} for its source: put"
            f" {about['source']!r} first on the domain axis, or give the dataset's entry source = {about['source']!r}"
        )
    _, height, width = about["shape"]
    if "rotations" in rules["augment"] and height != width:
        raise DataError(
            f"{name}: rotations want square images, these are {height} x {width}; give a size, or take flips alone"
        )
    for split in ("train", "target"):
        if about["sizes"][split] < rules["batch_size"]:
            raise DataError(
                f"{name} has {about['sizes'][split]} {split} images, fewer than training.batch_size ="
                f" {rules['batch_size']}; lower it, or bring more images"
            )


def distribution_of(choice: Choice) -> str:
    """Return the name of the distribution that a plugin comes from."""
    return choice.origin.rpartition(" ")[0]


def given_twice(names: Sequence[str], owner: str) -> str:
    """Return why scores of a metric are left out. owner: the metric before it that gives the first of them."""
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]!r}{more} left out: metric {owner!r}, which stands before it in the suite, gives that score too"


def _united(
    labels: Sequence[str], results: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Mapping[str, Any]], dict[str, str]]:
    """Return the scores of all distributions, and the problem of each metric; see `stages.measuring.scores_of`.

    Of two metrics that give one score, the first in the suite has it.
    """
    if len(results) == 1:
        return dict(results[0]["scores"]), dict(results[0]["failed"])
    place = {label: number for number, label in enumerate(labels)}
    owners: dict[str, str] = {}
    lost: dict[tuple[str, str], list[str]] = {}
    problems: dict[str, str] = {label: reason for result in results for label, reason in result["failed"].items()}
    for result in results:
        for name, label in sorted(result["metrics"].items()):
            first, last = sorted([owners.get(name, label), label], key=lambda one: place.get(one, len(place)))
            if first != last:
                lost.setdefault((last, first), []).append(name)
            owners[name] = first
    for (label, owner), names in lost.items():
        problems[label] = "; ".join(filter(None, [problems.get(label), given_twice(names, owner)]))
    scores = {
        name: score
        for result in results
        for name, score in result["scores"].items()
        if owners[name] == result["metrics"][name]
    }
    return scores, problems


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
