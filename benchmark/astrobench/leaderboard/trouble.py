"""What went wrong, gathered so that a hundred cells of one cause are one line."""

from __future__ import annotations

import difflib
import math
from collections import defaultdict
from typing import TYPE_CHECKING

from astrobench.leaderboard.table import Column, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from astrobench.records import Row

Cause = tuple[str, str, str, str, str]


def failures(rows: Iterable[Row]) -> tuple[Trouble, ...]:
    """Return the cells that did not end well, by method, status and reason."""
    found: dict[Cause, list[Row]] = defaultdict(list)
    for row in rows:
        if row.status != "ok":
            found[row.dataset, row.architecture, row.method, row.status, row.reason].append(row)
    return _gathered(found)


def left_out(rows: Iterable[Row]) -> tuple[Trouble, ...]:
    """Return the scores that cells lack because of a metric, by method, metric and reason."""
    found: dict[Cause, list[Row]] = defaultdict(list)
    for row in rows:
        for name, reason in row.problems.items():
            label = name if name.startswith("metrics of ") else f"metric {name}"
            found[row.dataset, row.architecture, row.method, label, reason].append(row)
    return _gathered(found)


def not_given(columns: Iterable[Column], rows: Iterable[Row]) -> tuple[str, ...]:
    """Return a sentence on each column whose score no metric gives, with the nearest names among those that are given.

    Columns that nothing was scored of are left out: their metric may give it yet.
    """
    known = sorted({name for row in rows for name in row.scores})
    return tuple(
        f"column {column.title!r}: no metric of the suite gives {column.score!r}{_nearest(column.score, known)}"
        for column in columns
        if not column.given
    )


def _nearest(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    some = f"; known: {_few(known, 12)}" if known else "; no metric gives any score"
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else some


def undefined(rows: Sequence[Row], columns: Iterable[Column]) -> tuple[Trouble, ...]:
    """Return the shown scores that are not numbers, by method, column and the reason that their metric gives."""
    found: dict[Cause, list[Row]] = defaultdict(list)
    shown = {(c.score, c.domain, c.perturbation): c.title for c in reversed(tuple(columns))}
    for (name, *place), title in shown.items():
        for row in rows:
            score = row.scores.get(name)
            if [row.domain, row.perturbation] == place and score is not None and not math.isfinite(score.value):
                found[row.dataset, row.architecture, row.method, title, score.note].append(row)
    return _gathered(found)


def _gathered(found: dict[Cause, list[Row]]) -> tuple[Trouble, ...]:
    return tuple(Trouble(*cause, len(found[cause]), _where(found[cause])) for cause in sorted(found))


def _where(rows: Iterable[Row]) -> str:
    places = sorted({f"{row.domain} {row.perturbation}" for row in rows})
    seeds = sorted({row.seed for row in rows})
    return f"{_few(places)}; {'seed' if len(seeds) == 1 else 'seeds'} {_few(map(str, seeds))}"


def _few(words: Iterable[str], most: int = 6) -> str:
    known = list(words)
    more = f" and {len(known) - most} more" if len(known) > most else ""
    return ", ".join(known[:most]) + more
