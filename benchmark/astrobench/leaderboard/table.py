"""What a leaderboard is, before anybody decides how it looks."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench.leaderboard.selection import Selection
    from astrobench.statistics import Places
    from astrobench.types import Better

Kind = Literal["mean", "gain", "curve_mean", "half_severity"]
Bound = Literal["", ">", "<"]


@dataclass(frozen=True)
class Column:
    """One score at one domain and perturbation. kind: its "mean" over seeds, or its "gain" over the reference.

    On a severity curve, which `perturbation` then names: its "curve_mean" over severities, or its "half_severity",
    where half of the margin over `chance` is lost.
    unit and better come from the records; percent: fractions are shown times 100. unperturbed: the label of the
    perturbation that does nothing, at which a curve starts. given: False where cells that the column shows were scored,
    and no metric gives such a score of any cell.
    """

    title: str
    score: str
    domain: str
    perturbation: str = "none"
    kind: Kind = "mean"
    chance: float | None = None
    percent: bool = False
    help: str = ""
    unit: str = ""
    better: Better | None = None
    unperturbed: str = "none"
    given: bool = True


class Images(NamedTuple):
    """How many images the numbers of a cell rest on, by seed the fewest and the most.

    whole: how many the domain's test set has, 0 where the records do not say.
    """

    fewest: int
    most: int
    whole: int = 0

    @property
    def partial(self) -> bool:
        """Whether some number rests on fewer images than the test set has."""
        return self.fewest < self.whole


@dataclass(frozen=True)
class Cell:
    """Where a line meets a column, in the unit of the score (fractions, not percent).

    mean: NaN where no seed gave a number. se: standard error, None where one seed cannot give it. n: seeds that
    gave a number; n_failed: cells that failed; n_undefined: cells that ended well without a number (NaN); n_unlabelled:
    cells that have none because their images have no labels.
    interval: 95 %, for a gain. bound: what stands before a mean that is only a bound (">", "<"). covers_seeds: whether
    se and interval say what another seed might do. images: None where the score does not say how many it rests on.
    """

    mean: float = math.nan
    se: float | None = None
    n: int = 0
    n_failed: int = 0
    n_undefined: int = 0
    interval: tuple[float, float] | None = None
    covers_seeds: bool = True
    is_reference: bool = False
    bound: Bound = ""
    images: Images | None = None
    n_unlabelled: int = 0

    @property
    def excludes_zero(self) -> bool:
        """Say whether an interval that covers seeds leaves zero out."""
        return self.interval is not None and self.covers_seeds and self.interval[0] * self.interval[1] > 0


@dataclass(frozen=True)
class Line:
    """One method on one architecture and dataset. places: the ranks it may hold, None where it is not ranked.

    profile: the suite's profile it was run under. merit: its mean in the ranking score, more is better.
    environments: letters of the environments (fingerprints) that its records come from. unlabelled: the domains whose
    images have no labels.
    """

    profile: str
    dataset: str
    architecture: str
    method: str
    seeds: tuple[int, ...]
    cells: tuple[Cell, ...]
    oracle: bool = False
    places: Places | None = None
    merit: float = math.nan
    environments: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()

    @property
    def section(self) -> tuple[str, str]:
        """Return (profile, dataset): what stands in one table."""
        return self.profile, self.dataset


@dataclass(frozen=True)
class Trouble:
    """Cells of one method that share a failure, or the reason why a number is undefined.

    what: the status, or the column. where: the domains, perturbations and seeds that it befell.
    """

    dataset: str
    architecture: str
    method: str
    what: str
    reason: str
    count: int
    where: str


@dataclass(frozen=True)
class Beside:
    """A published number beside ours. value: None where it could not be recovered; text says so."""

    profile: str
    dataset: str
    architecture: str
    method: str
    column: Column
    ours: Cell
    value: float | None
    text: str
    source: str


@dataclass(frozen=True)
class Crossed:
    """One row of a cross table: a method, the domain its labels came from, and the domain it is tested on.

    columns: the scores, and cells theirs, whose interval is that of the test objects (bootstrap), mean over seeds.
    """

    profile: str
    architecture: str
    method: str
    trained: str
    tested: str
    columns: tuple[Column, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Environment:
    """Where records were made. facts: name → the distinct values, over the records of one fingerprint."""

    letter: str
    rows: int
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Source:
    """One file of records: its name, profile, the command that made it, and how many rows it holds."""

    name: str
    profile: str
    command: str
    rows: int


@dataclass(frozen=True)
class Leaderboard:
    """A suite's table: lines in the order in which they are shown, and everything that is said beside it.

    left_out: scores that metrics failed to give, of cells that ended well. not_given: a sentence on each column whose
    score no metric gives, with the nearest name.
    """

    suite: Mapping[str, Any]
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    failures: tuple[Trouble, ...] = ()
    undefined: tuple[Trouble, ...] = ()
    left_out: tuple[Trouble, ...] = ()
    not_given: tuple[str, ...] = ()
    published: tuple[Beside, ...] = ()
    cross: tuple[Crossed, ...] = ()
    environments: tuple[Environment, ...] = ()
    sources: tuple[Source, ...] = ()
    selections: tuple[Selection, ...] = ()

    @property
    def title(self) -> str:
        """Return the suite's title, saying that its data are synthetic where they are."""
        title = str(self.suite.get("title") or self.suite.get("name", ""))
        told = "synthetic" in title.lower()
        return f"{title} (synthetic data)" if self.suite.get("synthetic") and not told else title

    @property
    def unlabelled(self) -> tuple[str, ...]:
        """Return the domains whose images have no labels, in order."""
        return tuple(sorted({domain for line in self.lines for domain in line.unlabelled}))

    @property
    def reference(self) -> str:
        """Return the method that gains are over."""
        return str(self.suite.get("reference", "source_only"))

    @property
    def sections(self) -> tuple[tuple[tuple[str, str], tuple[Line, ...]], ...]:
        """Return ((profile, dataset), lines) of each table, in order."""
        names = dict.fromkeys(line.section for line in self.lines)
        return tuple((name, tuple(line for line in self.lines if line.section == name)) for name in names)
