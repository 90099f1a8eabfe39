"""Networks trained on each domain and tested on each: what a suite's cross table asks for, from its records."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from astrobench.leaderboard.cells import cell
from astrobench.leaderboard.table import Cell, Column, Crossed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from astrobench.leaderboard.cells import Entry


def crossed(suite: Mapping[str, Any], entries: Iterable[Entry]) -> tuple[Crossed, ...]:
    """Return the rows of the cross table, by profile, architecture, method, and domains in the suite's order.

    A method that is not there for every domain is left out, for it would not be crossed. So is an oracle: its labels
    come from the other domain than the dataset's source, so its row would be in the wrong place.
    """
    asked = suite.get("cross")
    if not asked:
        return ()
    trained = {domain: asked["trained"][domain] for domain in _ordered(asked)}
    found = {(entry.profile, entry.architecture, entry.method, entry.dataset): entry for entry in entries}
    methods = [uses["label"] for uses in (suite.get("axes") or {}).get("method", ())]
    names = sorted({key[:3] for key in found}, key=lambda name: (*name[:2], _place(name[2], methods), name[2]))
    wanted = [(name, [found.get((*name, dataset)) for dataset in trained.values()]) for name in names]
    return tuple(row for name, own in wanted for row in _rows(name, [one for one in own if one], asked))


def _rows(name: tuple[str, str, str], entries: Sequence[Entry], asked: Mapping[str, Any]) -> Iterator[Crossed]:
    if len(entries) < len(asked["trained"]) or any(entry.oracle for entry in entries):
        return
    for trained, entry in zip(_ordered(asked), entries, strict=True):
        for tested in asked["tested"]:
            columns = tuple(_column(body, tested, entry) for body in asked["scores"])
            yield Crossed(*name, trained, tested, columns, tuple(_cell(entry, column) for column in columns))


def _column(body: Mapping[str, Any], tested: str, entry: Entry) -> Column:
    column = Column(body["title"], body["score"], tested, percent=bool(body.get("percent")))
    scores = (row.row.scores.get(column.score) for row in entry.at(column))
    known = next((score for score in scores if score is not None), None)
    return column if known is None else replace(column, unit=known.unit, better=known.better)


def _cell(entry: Entry, column: Column) -> Cell:
    """Return the mean over seeds, with the mean of the ends of the seeds' intervals over test objects.

    The seeds share their test objects. Were they wrong on the same ones, the mean would move as each seed does, and
    this is its interval; where they are wrong on different ones it is wider than need be, never narrower.
    """
    plain = cell(entry, column, None)
    ends = [score.interval for one in entry.at(column) if (score := one.score(column.score)) and score.interval]
    if not ends or len(ends) < plain.n:
        return plain
    low, high = (sum(side) / len(ends) for side in zip(*ends, strict=True))
    return replace(plain, interval=(low, high))


def _ordered(asked: Mapping[str, Any]) -> list[str]:
    """Return the domains that are trained on in the order of those tested: a file of records sorts its keys."""
    return sorted(asked["trained"], key=lambda domain: (_place(domain, asked["tested"]), domain))


def _place(name: str, names: Sequence[str]) -> int:
    return names.index(name) if name in names else len(names)
