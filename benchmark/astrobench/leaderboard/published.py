"""Published numbers beside ours, as the suite tells them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from astrobench.leaderboard.table import Beside, Cell, Column, Crossed, Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NOT_RECOVERED = "not recovered"


def beside(
    suite: Mapping[str, Any], columns: Sequence[Column], lines: Iterable[Line], cross: Iterable[Crossed] = ()
) -> tuple[Beside, ...]:
    """Return each published number with the cell of ours that it belongs to; an empty cell where we have none.

    A published number names its column by title, and its dataset where it belongs to one alone; with a domain it names
    a score of the cross table. One that names none of ours is shown as it is told.
    """
    known, crossed = list(lines), list(cross)
    told = suite.get("published") or ()
    found = (_crossed(body, suite, crossed) if body.get("domain") else _matches(body, columns, known) for body in told)
    return tuple(one for own in found for one in own)


def _matches(body: Mapping[str, Any], columns: Sequence[Column], lines: Iterable[Line]) -> list[Beside]:
    index = next((i for i, column in enumerate(columns) if column.title == body["column"]), None)
    column = Column(str(body["column"]), "", "") if index is None else columns[index]
    names, dataset = (body["architecture"], body["method"]), body.get("dataset")
    told = _told(body)
    ours = [
        Beside(line.profile, line.dataset, *names, column, Cell() if index is None else line.cells[index], **told)
        for line in lines
        if (line.architecture, line.method) == names and dataset in (None, line.dataset)
    ]
    return ours or [Beside("", dataset or "", *names, column, Cell(), **told)]


def _crossed(body: Mapping[str, Any], suite: Mapping[str, Any], rows: Iterable[Crossed]) -> list[Beside]:
    """Return a published number of the cross table, beside our row of the same training and test domain."""
    names, dataset, tested = (body["architecture"], body["method"]), body.get("dataset") or "", body["domain"]
    sources = {label: domain for domain, label in ((suite.get("cross") or {}).get("trained") or {}).items()}
    trained = sources.get(dataset, "?")
    title = f"{body['column']}, {trained} \N{RIGHTWARDS ARROW} {tested}"
    told = _told(body)
    ours = [
        Beside(row.profile, dataset, *names, replace(column, title=title), cell, **told)
        for row in rows
        if (row.architecture, row.method, row.trained, row.tested) == (*names, trained, tested)
        for column, cell in zip(row.columns, row.cells, strict=True)
        if column.title == body["column"]
    ]
    return ours or [Beside("", dataset, *names, Column(title, "", ""), Cell(), **told)]


def _told(body: Mapping[str, Any]) -> dict[str, Any]:
    value, text = body.get("value"), str(body.get("text") or "")
    return {
        "value": None if value is None else float(value),
        "text": text or (NOT_RECOVERED if value is None else ""),
        "source": str(body.get("source") or ""),
    }
