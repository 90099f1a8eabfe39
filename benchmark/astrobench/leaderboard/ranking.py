"""Who is ahead of whom, as far as the data can tell."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from astrobench.leaderboard.cells import OUTCOMES, cell, difference, improvement
from astrobench.leaderboard.table import Column
from astrobench.statistics import Difference, Places, places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from astrobench.leaderboard.cells import Entry
    from astrobench.records import Row


class Standing(NamedTuple):
    """The ranks that a method may hold, and its mean in the ranking score, signed so that more is better."""

    places: Places
    merit: float


def ranking(suite: Mapping[str, Any], columns: Iterable[Column], rows: Iterable[Row]) -> Column | None:
    """Return the score that ranks, at the suite's rank cell, or None where nothing does.

    It is the fraction of images that are right; where rows have no per-image outcomes, as in a regression, it is
    the first column of means at that cell whose score knows its direction.
    """
    rank = suite.get("rank")
    if not rank:
        return None
    place = (rank["domain"], rank.get("perturbation", "none"))
    if any(row.correct_n and (row.domain, row.perturbation) == place for row in rows):
        return Column("rank", OUTCOMES, *place, better="higher")
    means = (c for c in columns if c.kind == "mean" and c.better is not None)
    return next((column for column in means if (column.domain, column.perturbation) == place), None)


def ranks(
    entries: Sequence[Entry], default: Column | None, of: Mapping[str, str] = MappingProxyType({})
) -> Mapping[tuple[str, ...], Standing]:
    """Return the standing of each method among those of its profile, dataset and architecture.

    Oracles have none, nor have methods without a number in the ranking score, nor any where the ranking domain has no
    labels: then no number there says who is ahead. of: dataset → the domain of its rank,
    where that is not the default's.
    """
    if default is None:
        return {}
    standings: dict[tuple[str, ...], Standing] = {}
    for group, members in groupby(entries, key=lambda entry: entry.group):
        score = replace(default, domain=of.get(group[1], default.domain))
        known = (entry for entry in members if not entry.oracle and score.domain not in entry.unlabelled)
        ranked = {entry.method: entry for entry in known if cell(entry, score, None).n}
        found = places(tuple(ranked), _better(ranked, score))
        sign = -1.0 if score.better == "lower" else 1.0
        for method, entry in ranked.items():
            standings[(*group, method)] = Standing(found[method], sign * cell(entry, score, None).mean)
    return standings


def _better(entries: Mapping[str, Entry], score: Column) -> Callable[[str, str], Difference | None]:
    return lambda a, b: improvement(difference(entries[a], entries[b], score), score)
