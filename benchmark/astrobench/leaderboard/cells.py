"""From the rows of one method to the cells of its line: means over seeds, and gains over the reference."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from astrobench.leaderboard.table import Cell, Column, Images
from astrobench.records import Row, unpack_bits
from astrobench.statistics import Difference, mean_over_seeds, paired_difference, paired_values
from astrobench.types import Score

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np

OUTCOMES = ""  # the name under which the per-image outcomes themselves are a score
MISSING = "missing"  # the status of a cell that was not run yet: neither a number nor a failure
BITS_AGREE = 1e-6  # a score is the mean of the per-image outcomes when it equals it to float32 precision


@dataclass(frozen=True, eq=False)
class Outcome:
    """One row, with its per-image outcomes unpacked at most once."""

    row: Row

    @cached_property
    def correct(self) -> np.ndarray | None:
        """Return bool (N,), in the order that `Row` describes, or None where the row has none."""
        if not self.row.correct or not self.row.correct_n:
            return None
        return unpack_bits(self.row.correct, self.row.correct_n)

    @property
    def objects(self) -> np.ndarray | None:
        """Return int64 (N,), the number of the object that each of those images shows, or None for one each."""
        begins = unpack_bits(self.row.objects, self.row.correct_n) if self.row.objects else None
        return None if begins is None else begins.cumsum()

    @cached_property
    def rate(self) -> Score | None:
        """Return the fraction of images that are right."""
        return None if self.correct is None else Score(float(self.correct.mean()), n=self.correct.size)

    @property
    def failed(self) -> bool:
        """Say whether a score that is not there was lost: by the cell, or by one of its metrics."""
        return self.row.status not in ("ok", MISSING) or bool(self.row.problems)

    def score(self, name: str) -> Score | None:
        """Return a score that is a number, or None. One metric that fails leaves the numbers of the others."""
        if name == OUTCOMES:
            return self.rate
        score = self.row.scores.get(name)
        return score if score is not None and math.isfinite(score.value) else None

    @cached_property
    def means(self) -> frozenset[str]:
        """Return the names of the scores that are the mean of the per-image outcomes, as an accuracy is."""
        if self.rate is None:
            return frozenset()
        scores = self.row.scores.items()
        return frozenset({OUTCOMES, *(n for n, score in scores if abs(score.value - self.rate.value) < BITS_AGREE)})


@dataclass(frozen=True, eq=False)
class Entry:
    """All rows of one method on one architecture and dataset, under one profile."""

    profile: str
    dataset: str
    architecture: str
    method: str
    rows: tuple[Row, ...]

    @cached_property
    def outcomes(self) -> Mapping[tuple[str, str], tuple[Outcome, ...]]:
        """Return the rows of each (domain, perturbation), by seed."""
        places: dict[tuple[str, str], list[Outcome]] = {}
        for row in sorted(self.rows, key=lambda row: row.seed):
            places.setdefault((row.domain, row.perturbation), []).append(Outcome(row))
        return {place: tuple(found) for place, found in places.items()}

    @property
    def group(self) -> tuple[str, str, str]:
        """Return (profile, dataset, architecture): within it methods are compared."""
        return self.profile, self.dataset, self.architecture

    @property
    def seeds(self) -> tuple[int, ...]:
        """Return the seeds that were run."""
        return tuple(sorted({row.seed for row in self.rows}))

    @property
    def oracle(self) -> bool:
        """Say whether it was trained on target labels: shown, never ranked."""
        return any(row.oracle for row in self.rows)

    @cached_property
    def unlabelled(self) -> frozenset[str]:
        """Return the domains whose images have no labels: no method is ranked by what it does there."""
        return frozenset(row.domain for row in self.rows if not row.labelled)

    def whole(self, domain: str) -> int:
        """Return how many images the test set of a domain has; 0 where no row says. Older ones only count outcomes."""
        return max((max(row.images, row.correct_n) for row in self.rows if row.domain == domain), default=0)

    def at(self, column: Column) -> tuple[Outcome, ...]:
        """Return the outcomes at a column's domain and perturbation, by seed."""
        return self.outcomes.get((column.domain, column.perturbation), ())


def cell(entry: Entry, column: Column, reference: Entry | None) -> Cell:
    """Return the cell of a column. reference: the line that a gain is over."""
    if column.kind == "gain":
        return _gain(entry, column, reference)
    return _mean(entry, column)


def difference(ours: Entry, theirs: Entry, column: Column) -> Difference | None:
    """Return ours - theirs in the column's score, over the seeds that both have; None where there are none.

    A score that is the mean of per-image outcomes is compared image by image, any other by its values and their
    standard errors.
    """
    pairs = _paired(ours.at(column), theirs.at(column), column.score)
    if not pairs:
        return None
    matrices = _matrices(pairs, column.score)
    if matrices is not None:
        return paired_difference(*matrices, pairs[0][0].objects)
    a, b = zip(*((one.score(column.score), other.score(column.score)) for one, other in pairs), strict=True)
    return paired_values(_values(a), _values(b), _errors(a), _errors(b))


def improvement(found: Difference | None, column: Column) -> Difference | None:
    """Return a difference with the sign that makes positive better."""
    return replace(found, value=-found.value) if found is not None and column.better == "lower" else found


def _mean(entry: Entry, column: Column) -> Cell:
    outcomes = entry.at(column)
    scores = [score for outcome in outcomes if (score := outcome.score(column.score)) is not None]
    mean = mean_over_seeds([score.value for score in scores])
    found = Cell(mean.value, mean.se, mean.n, *_lost(outcomes, column), covers_seeds=mean.n > 1)
    return replace(found, images=images(scores, entry, column), n_unlabelled=unlabelled(outcomes, column))


def unlabelled(outcomes: Iterable[Outcome], column: Column) -> int:
    """Return how many cells give no score because their images have no labels."""
    return sum(not o.row.labelled and o.row.status == "ok" and column.score not in o.row.scores for o in outcomes)


def images(scores: Iterable[Score], entry: Entry, column: Column) -> Images | None:
    """Return how many images the scores of a cell rest on; None where they do not say."""
    counts = [score.n for score in scores if score.n is not None]
    return Images(min(counts), max(counts), entry.whole(column.domain)) if counts else None


def _lost(outcomes: Iterable[Outcome], column: Column) -> tuple[int, int]:
    """Return how many cells failed to give a score, and how many gave one that is not a number."""
    failed = sum(o.failed for o in outcomes if column.score not in o.row.scores)
    return failed, sum(column.score in o.row.scores and o.score(column.score) is None for o in outcomes)


def _gain(entry: Entry, column: Column, reference: Entry | None) -> Cell:
    plain = _mean(entry, column)
    bare = replace(plain, mean=math.nan, se=None, n=0)
    if reference is not None and entry.method == reference.method:
        return replace(plain, mean=0.0, se=None, is_reference=True) if plain.n else bare
    found = improvement(None if reference is None else difference(entry, reference, column), column)
    if found is None:
        return bare
    if not found.parts:
        return replace(bare, mean=found.value, n=found.seeds, covers_seeds=False)
    covers = found.covers_seeds
    return replace(bare, mean=found.value, se=found.se, n=found.seeds, interval=found.interval(), covers_seeds=covers)


def _paired(ours: Iterable[Outcome], theirs: Iterable[Outcome], score: str) -> list[tuple[Outcome, Outcome]]:
    by_seed = {other.row.seed: other for other in theirs if other.score(score) is not None}
    return [(one, by_seed[one.row.seed]) for one in ours if one.score(score) is not None and one.row.seed in by_seed]


def _matrices(pairs: list[tuple[Outcome, Outcome]], score: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Return outcomes (S, N) of both, or None where the score is not their mean or they are not of the same images."""
    import numpy as np

    if not all(score in outcome.means for pair in pairs for outcome in pair):
        return None
    if len({(outcome.row.correct_n, outcome.row.correct_of) for pair in pairs for outcome in pair}) > 1:
        return None
    ours, theirs = zip(*((one.correct, other.correct) for one, other in pairs), strict=True)
    return np.stack(ours), np.stack(theirs)


def _values(scores: Iterable[Score]) -> list[float]:
    return [score.value for score in scores]


def _errors(scores: Iterable[Score]) -> list[float | None]:
    return [score.se if score.se is not None and math.isfinite(score.se) else None for score in scores]
