"""Severity curves: a score at several severities of one perturbation, told in one number."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from astrobench.leaderboard.cells import images, unlabelled
from astrobench.leaderboard.table import Cell, Column
from astrobench.statistics import mean_over_seeds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from astrobench.leaderboard.cells import Entry, Outcome
    from astrobench.leaderboard.table import Bound
    from astrobench.records import Row
    from astrobench.severities import Point

CURVE_KINDS = ("curve_mean", "half_severity")


@dataclass(frozen=True, eq=False)
class Curve:
    """A method's scores along one curve, mild to hard. steps: each point with its outcomes by seed.

    clean: outcomes of the unperturbed images of the same domain, by seed.
    """

    steps: tuple[tuple[Point, Mapping[int, Outcome]], ...]
    clean: Mapping[int, Outcome]

    @property
    def seeds(self) -> tuple[int, ...]:
        """Return the seeds that were run on any step."""
        return tuple(sorted({seed for _, found in self.steps for seed in found}))

    def values(self, seed: int, score: str) -> list[float] | None:
        """Return a seed's score at every step, or None where one of them is not known."""
        found = [step[seed].score(score) for _, step in self.steps if seed in step]
        values = [one.value for one in found if one is not None]
        return values if len(values) == len(self.steps) else None


@dataclass(frozen=True)
class Half:
    """Where half of a margin is lost. side: 0 at `severity`; 1 beyond it, never so far; -1 before it, nobody looked."""

    severity: float
    side: Literal[-1, 0, 1] = 0


def on_curve(column: Column, rows: Iterable[Row]) -> Column:
    """Return a column of a curve with unit and direction: those of its score, or of the severities themselves."""
    point, score = next(
        ((row.point, row.scores[column.score]) for row in rows if is_on(row, column) and column.score in row.scores),
        (None, None),
    )
    if point is None or score is None:
        return column
    if column.kind == "half_severity":
        return replace(column, unit=point.unit, better=point.harder)  # who loses half later is the more robust
    return replace(column, unit=score.unit, better=score.better)


def curve_of(entry: Entry, column: Column) -> Curve:
    """Return the curve that a column names, of one method, at the column's domain."""
    steps: dict[Point, dict[int, Outcome]] = {}
    for outcome in (outcome for outcomes in entry.outcomes.values() for outcome in outcomes):
        if outcome.row.point is not None and is_on(outcome.row, column):
            steps.setdefault(outcome.row.point, {})[outcome.row.seed] = outcome
    clean = {one.row.seed: one for one in entry.outcomes.get((column.domain, column.unperturbed), ())}
    ordered = sorted(steps, key=lambda p: p.severity if p.harder == "higher" else -p.severity)
    return Curve(tuple((point, steps[point]) for point in ordered), clean)


def curve_cell(entry: Entry, column: Column) -> Cell:
    """Return the cell of a column of a curve. A seed that lacks a step of the curve has no number."""
    curve = curve_of(entry, column)
    cell = _half(curve, column) if column.kind == "half_severity" else _mean(curve, column)
    outcomes = [step[seed] for _, step in curve.steps for seed in step]
    scores = [score for outcome in outcomes if (score := outcome.score(column.score)) is not None]
    return replace(cell, images=images(scores, entry, column), n_unlabelled=unlabelled(outcomes, column))


def half_lost(severities: Sequence[float], kept: Sequence[float], harmless: float | None) -> Half:
    """Return where half of a margin is lost, going from mild to hard.

    severities, kept: one a step, mild to hard; the fraction of the margin that is left there. The first crossing
    counts, interpolated linearly between two steps. Before the first step lies `harmless` with all of it, where that
    is known.
    """
    last = None if harmless is None else (harmless, 1.0)
    for severity, value in zip(severities, kept, strict=True):
        if value <= 0.5:
            if last is None:
                return Half(severity, -1)
            share = (last[1] - 0.5) / (last[1] - value)
            return Half(last[0] + share * (severity - last[0]))
        last = severity, value
    return Half(severities[-1], 1)


def is_on(row: Row, column: Column) -> bool:
    """Say whether a row lies on the curve that a column names, at its domain."""
    return row.point is not None and (row.domain, row.point.curve) == (column.domain, column.perturbation)


def _mean(curve: Curve, column: Column) -> Cell:
    found = [values for seed in curve.seeds if (values := curve.values(seed, column.score)) is not None]
    mean = mean_over_seeds([math.fsum(values) / len(values) for values in found])
    return Cell(mean.value, mean.se, mean.n, *_lost(curve, column), covers_seeds=mean.n > 1)


def _half(curve: Curve, column: Column) -> Cell:
    n_failed, n_undefined = _lost(curve, column)
    found = [_half_of(curve, seed, column) for seed in curve.seeds]
    halves = [half for half in found if half is not None]
    sides = {half.side for half in halves}
    if {-1, 1} <= sides:  # one seed lost half before the curve, another never: no bound holds for their mean
        return Cell(n_failed=n_failed, n_undefined=n_undefined + len(halves))
    mean = mean_over_seeds([half.severity for half in halves])
    bound = _bound(curve, sides)
    return Cell(mean.value, None if bound else mean.se, mean.n, n_failed, n_undefined, None, mean.n > 1, bound=bound)


def _half_of(curve: Curve, seed: int, column: Column) -> Half | None:
    values, outcome = curve.values(seed, column.score), curve.clean.get(seed)
    clean = None if outcome is None else outcome.score(column.score)
    if values is None or clean is None or column.chance is None:
        return None
    margin = clean.value - column.chance
    if not (margin < 0 if clean.better == "lower" else margin > 0):
        return None  # no better than a guess: there is nothing to lose
    kept = [(value - column.chance) / margin for value in values]
    return half_lost([point.severity for point, _ in curve.steps], kept, curve.steps[0][0].harmless)


def _bound(curve: Curve, sides: set[Literal[-1, 0, 1]]) -> Bound:
    """Return the sign of a mean of severities of which some were never reached, or were passed before the curve."""
    if sides <= {0}:
        return ""
    beyond = (1 in sides) == (curve.steps[0][0].harder == "higher")
    return ">" if beyond else "<"


def _lost(curve: Curve, column: Column) -> tuple[int, int]:
    """Return how many cells of the curve failed, and how many ended well without a number."""
    outcomes = [outcome for _, found in curve.steps for outcome in found.values()]
    failed = sum(outcome.failed for outcome in outcomes if column.score not in outcome.row.scores)
    undefined = sum(column.score in outcome.row.scores and outcome.score(column.score) is None for outcome in outcomes)
    return failed, undefined
