"""How good the epoch is that a rule picks without target labels, and which rule orders epochs as their labels would."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from astrobench.leaderboard.correlation import rank_correlation
from astrobench.statistics import Mean, mean_over_seeds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from astrobench.records import Row

ORACLE = "oracle"


@dataclass(frozen=True)
class Chosen:
    """What rules pick of one method, over its seeds: accuracies on the target, fractions.

    rule: the suite's. oracle: the best kept epoch, by target labels. regret: oracle minus rule, seed by seed.
    """

    architecture: str
    method: str
    rule: str
    last: Mean
    picked: Mean
    oracle: Mean
    regret: Mean


@dataclass(frozen=True)
class Judged:
    """One rule over all trainings. across: its rank correlation with target accuracy over the kept epochs of all
    methods of an architecture and seed; within: over those of one training; both means, NaN for a rule without values.
    """

    rule: str
    across: Mean
    within: Mean
    picked: Mean
    regret: Mean


@dataclass(frozen=True)
class Selection:
    """Model selection on one target domain. images: the least and the most that an accuracy rests on.

    Of a domain without labels these are 0: its numbers are NaN, and no rule is judged.
    """

    profile: str
    dataset: str
    domain: str
    images: tuple[int, int]
    trainings: int
    chosen: tuple[Chosen, ...]
    judged: tuple[Judged, ...]

    @property
    def labelled(self) -> bool:
        """Say whether the domain has labels to judge an epoch by."""
        return self.images[0] > 0


def selections(rows: Mapping[str, Sequence[Row]]) -> tuple[Selection, ...]:
    """Return model selection by profile, dataset and target domain; nothing for records that do not tell of it.

    An oracle method learns the target's labels, so it judges no rule.
    """
    found: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for profile, own in rows.items():
        for row in own:
            if row.checkpoints and not row.oracle:
                found[profile, row.dataset, row.domain].append(row)
    return tuple(_selection(*place, found[place]) for place in sorted(found))


def _selection(profile: str, dataset: str, domain: str, rows: Sequence[Row]) -> Selection:
    methods: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        methods[row.architecture, row.method].append(row)
    names = sorted({name for row in rows for name in row.checkpoints["picked"]})
    counts = [row.checkpoints["n"] for row in rows]
    return Selection(
        profile, dataset, domain, (min(counts), max(counts)), len(rows),
        tuple(_chosen(*place, methods[place]) for place in sorted(methods)),
        tuple(sorted((_judged(name, rows) for name in names), key=_merit)) if min(counts) else (),
    )  # fmt: skip


def _chosen(architecture: str, method: str, rows: Sequence[Row]) -> Chosen:
    rules = sorted({str(row.checkpoints["rule"]) for row in rows})
    told = [[_accuracy(row, rule) for rule in ("last", row.checkpoints["rule"], ORACLE)] for row in rows]
    last, picked, oracle = (mean_over_seeds(list(column)) for column in zip(*told, strict=True))
    regret = mean_over_seeds([best - ours for _, ours, best in told])
    return Chosen(architecture, method, ", ".join(rules), last, picked, oracle, regret)


def _judged(rule: str, rows: Sequence[Row]) -> Judged:
    together: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for row in rows:
        together[row.architecture, row.seed].append(row)
    there = [row for row in rows if rule in row.checkpoints["picked"]]
    picked = [_accuracy(row, rule) for row in there]
    regret = [_accuracy(row, ORACLE) - _accuracy(row, rule) for row in there]
    return Judged(
        rule,
        across=_mean(_correlation(rule, members) for members in together.values()),
        within=_mean(_correlation(rule, [row]) for row in rows),
        picked=mean_over_seeds(picked),
        regret=mean_over_seeds(regret),
    )


def _accuracy(row: Row, rule: str) -> float:
    """Return the target accuracy of the epoch that a rule picks; the highest there is for the oracle."""
    body: Mapping[str, Any] = row.checkpoints
    accuracy: Sequence[float] = body["accuracy"]
    if not accuracy:
        return math.nan
    return max(accuracy) if rule == ORACLE else accuracy[body["epochs"].index(body["picked"][rule])]


def _correlation(rule: str, rows: Iterable[Row]) -> float:
    """Return ρ between a rule's values and target accuracy over all kept epochs that have both."""
    pairs = [
        (value, accuracy)
        for row in rows
        for value, accuracy in zip(row.checkpoints["values"].get(rule, ()), row.checkpoints["accuracy"], strict=False)
        if value is not None
    ]
    return rank_correlation([value for value, _ in pairs], [accuracy for _, accuracy in pairs])


def _mean(values: Iterable[float]) -> Mean:
    return mean_over_seeds([value for value in values if not math.isnan(value)])


def _merit(judged: Judged) -> tuple[float, str]:
    """Sort by correlation, the highest first; rules without one stand at the end."""
    return (math.inf if math.isnan(judged.across.value) else -judged.across.value), judged.rule
