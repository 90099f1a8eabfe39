"""Every rule's pick of every training, and how good it was: computed from what trainings left, without training.

The keys hold the validators' sources, so one more validator, or a better one, judges old sweeps anew.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from astrobench.digests import source_digest
from astrobench.keys import canonical, key_of_text
from astrobench.rules import VALIDATORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from astrobench.plan import Cell, Job, Plan
    from astrobench.store import Store

ENTRY = "astrobench.stages.validate:validate"


def rule_identity(rule: str) -> dict[str, str]:
    """Return what a pick depends on beside the training: the rule's name and, of a validator, its source."""
    return {"rule": rule, "source": source_digest(VALIDATORS[rule]) if rule in VALIDATORS else ""}


def validation_key(training: str) -> str:
    """Return the key of the picks of a training by the rules of today."""
    # canonical JSON of both, the half that is the same each time written once
    return key_of_text(f'{{"training":{canonical(training)},"validators":{_rules(tuple(VALIDATORS))}}}')


@lru_cache(maxsize=1)
def _rules(names: tuple[str, ...]) -> str:
    """Return rules as canonical JSON; one process sees one source of each."""
    return canonical([rule_identity(name) for name in names])


def validations(plan: Plan, store: Store) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield (name, payload, name of its log) of each training whose picks are not in the store yet."""
    for job in plan.jobs.values():
        key = validation_key(job.key)
        trained = store.read("trainings", job.key)
        if trained is None or store.read("validations", key) is not None:
            continue
        if all(map(store.holds, [*trained["result"]["told"], trained["result"]["images"]])):
            payload: dict[str, Any] = {"root": str(store.root), "key": key, "training": job.key}
            payload |= {"dataset": job.dataset_key, "limit": job.limit}
            yield f"rules on {job.method.label}", payload, f"validation-{job.key[:16]}"


def picks_at(job: Job, cell: Cell, trained: Mapping[str, Any] | None, store: Store) -> dict[str, Any]:
    """Return what the rules pick for an unperturbed cell of a target domain, {} for any other.

    trained: what the store holds of the cell's training. rule: the suite's. epochs: those that were kept. accuracy: of
    each, on n target test images; of none, on 0, where the domain has no labels. picked: rule → epoch. values:
    validator → its number at each epoch, null where it had none.
    """
    if cell.domain == job.source or cell.perturbation.plugin != "none" or trained is None:
        return {}
    kept = store.read("validations", validation_key(job.key))
    if kept is None or cell.domain not in kept["result"]["accuracy"]:
        return {}
    found = kept["result"]
    told = {name: found[name] for name in ("epochs", "picked", "values")}
    rule = "last" if trained["result"]["oracle"] else job.training["selection"]
    return {**told, "rule": rule, "accuracy": found["accuracy"][cell.domain], "n": found["n"][cell.domain]}


def check_picks(body: Any) -> None:
    """Raise ValueError where what rules picked is not as `picks_at` gives it."""
    if body == {}:
        return
    if not isinstance(body, dict) or not isinstance(body["picked"], dict) or not isinstance(body["values"], dict):
        raise ValueError("checkpoints are not a table")
    epochs, numbers = body["epochs"], [*([body["accuracy"]] if body["n"] else []), *body["values"].values()]
    known = all(isinstance(value, int | float) for value in (*body["accuracy"], body["n"]))
    fits = all(len(told) == len(epochs) and all(isinstance(v, int | float | None) for v in told) for told in numbers)
    if not known or not fits or (body["accuracy"] and not body["n"]) or not set(body["picked"].values()) <= set(epochs):
        raise ValueError("checkpoints do not fit their epochs")
    if not {"last", body["rule"]} <= body["picked"].keys():
        raise ValueError(f"checkpoints have no pick of their rule {body['rule']!r}")
