"""From rows to a leaderboard: columns, lines in their order, and what is said beside them."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from astrobench.errors import StoreError, did_you_mean
from astrobench.leaderboard.cells import Entry, cell
from astrobench.leaderboard.crossing import crossed
from astrobench.leaderboard.curves import CURVE_KINDS, curve_cell, is_on, on_curve
from astrobench.leaderboard.defaults import completed, unperturbed_label
from astrobench.leaderboard.environments import environments, letters, mark
from astrobench.leaderboard.published import beside
from astrobench.leaderboard.ranking import ranking, ranks
from astrobench.leaderboard.reading import read_records
from astrobench.leaderboard.selection import selections
from astrobench.leaderboard.table import Cell, Column, Leaderboard, Line
from astrobench.leaderboard.trouble import failures, left_out, not_given, undefined

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from astrobench.leaderboard.ranking import Standing
    from astrobench.leaderboard.table import Source
    from astrobench.records import Row

KINDS = ("mean", "gain", *CURVE_KINDS)
FIELDS = ("title", "score", "domain", "perturbation", "kind", "chance", "percent", "help")


def build(folder: Path, profile: str | None = None) -> Leaderboard:
    """Return the leaderboard of `<folder>/records/*.jsonl`. profile: of that profile alone.

    Raises StoreError where records are missing, unreadable, or disagree with one another.
    """
    records = read_records(folder)
    if profile is not None and profile not in records.rows:
        raise StoreError(f"{folder} has no records of profile {profile!r}{did_you_mean(profile, records.rows)}")
    rows = {name: found for name, found in records.rows.items() if profile in (None, name)}
    sources = tuple(source for source in records.sources if source.profile in rows)
    return tabulate(records.suite, rows, sources)


def tabulate(
    suite: Mapping[str, Any], rows: Mapping[str, Sequence[Row]], sources: Sequence[Source] = ()
) -> Leaderboard:
    """Return the leaderboard of rows by profile. suite: as in `Header.suite`; in a profile no cell stands twice.

    Raises StoreError for a column of a kind that is not known.
    """
    every = [row for found in rows.values() for row in found]
    suite = completed(suite, every)
    unperturbed = unperturbed_label(suite)
    columns = tuple(replace(_column(body, every), unperturbed=unperturbed) for body in suite["columns"])
    entries = _entries(rows)
    by_name = {(*entry.group, entry.method): entry for entry in entries}
    standings = ranks(entries, ranking(suite, columns, every), (suite.get("rank") or {}).get("of") or {})
    marks = letters(every)
    reference = str(suite.get("reference", "source_only"))
    lines = [_line(entry, columns, by_name.get((*entry.group, reference)), standings, marks) for entry in entries]
    lines.sort(key=_order)
    cross = crossed(suite, entries)
    return Leaderboard(
        suite=suite,
        columns=columns,
        lines=tuple(lines),
        failures=failures(every),
        undefined=undefined(every, columns),
        left_out=left_out(every),
        not_given=not_given(columns, every),
        published=beside(suite, columns, lines, cross),
        cross=cross,
        environments=environments(every, marks),
        sources=tuple(sources),
        selections=selections(rows),
    )


def _column(body: Mapping[str, Any], rows: Sequence[Row]) -> Column:
    """Return a column, with the unit and direction that the records give its score."""
    column = Column(**{key: body[key] for key in FIELDS if key in body})
    if column.kind not in KINDS:
        raise StoreError(f"column {column.title!r} has kind {column.kind!r}{did_you_mean(column.kind, KINDS)}")
    column = replace(column, given=_is_given(column, rows))
    if column.kind in CURVE_KINDS:
        return on_curve(column, rows)
    at = (row for row in rows if (row.domain, row.perturbation) == (column.domain, column.perturbation))
    score = next((row.scores[column.score] for row in at if column.score in row.scores), None)
    return column if score is None else replace(column, unit=score.unit, better=score.better)


def _is_given(column: Column, rows: Sequence[Row]) -> bool:
    """Say whether some cell has a column's score, or no cell that it shows was scored by every metric."""
    if column.kind in CURVE_KINDS:
        shown = [row for row in rows if is_on(row, column)]
    else:
        shown = [row for row in rows if (row.domain, row.perturbation) == (column.domain, column.perturbation)]
    scored = any(row.status == "ok" and not row.problems and not row.skipped for row in shown)
    return not scored or any(column.score in row.scores for row in rows)


def _entries(rows: Mapping[str, Sequence[Row]]) -> tuple[Entry, ...]:
    found: dict[tuple[str, str, str, str], list[Row]] = defaultdict(list)
    for profile, own in rows.items():
        for row in own:
            found[profile, row.dataset, row.architecture, row.method].append(row)
    return tuple(Entry(*name, tuple(found[name])) for name in sorted(found))


def _line(
    entry: Entry,
    columns: Sequence[Column],
    reference: Entry | None,
    standings: Mapping[tuple[str, ...], Standing],
    marks: Mapping[str, str],
) -> Line:
    standing = standings.get((*entry.group, entry.method))
    return Line(
        profile=entry.profile,
        dataset=entry.dataset,
        architecture=entry.architecture,
        method=entry.method,
        seeds=entry.seeds,
        cells=tuple(_cell(entry, column, reference) for column in columns),
        oracle=entry.oracle,
        places=standing and standing.places,
        merit=standing.merit if standing else math.nan,
        environments=tuple(sorted({marks[mark(row)] for row in entry.rows if mark(row)})),
        unlabelled=tuple(sorted(entry.unlabelled)),
    )


def _cell(entry: Entry, column: Column, reference: Entry | None) -> Cell:
    return curve_cell(entry, column) if column.kind in CURVE_KINDS else cell(entry, column, reference)


def _order(line: Line) -> tuple[Any, ...]:
    """Sort by architecture, then by rank; unranked methods after ranked ones, oracles last."""
    best = math.inf if line.places is None else line.places.best
    merit = -math.inf if math.isnan(line.merit) else line.merit
    return line.profile, line.dataset, line.architecture, line.oracle, best, -merit, line.method
