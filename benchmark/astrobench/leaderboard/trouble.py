"""What went wrong, gathered so that a hundred cells of one cause are one line."""

from __future__ import annotations

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
