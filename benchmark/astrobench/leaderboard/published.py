"""Published numbers beside ours, as the suite tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from astrobench.leaderboard.table import Beside, Cell, Column, Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NOT_RECOVERED = "not recovered"


def beside(suite: Mapping[str, Any], columns: Sequence[Column], lines: Iterable[Line]) -> tuple[Beside, ...]:
    """Return each published number with the cell of ours that it belongs to; an empty cell where we have none.

    A published number names its column by title, and its dataset where it belongs to one alone. One that names none
    of ours is shown as it is told.
    """
    known = list(lines)
    return tuple(one for body in suite.get("published") or () for one in _matches(body, columns, known))


def _matches(body: Mapping[str, Any], columns: Sequence[Column], lines: Iterable[Line]) -> list[Beside]:
    index = next((i for i, column in enumerate(columns) if column.title == body["column"]), None)
    column = Column(str(body["column"]), "", "") if index is None else columns[index]
    names = (body["architecture"], body["method"])
    told = _told(body)
    dataset = body.get("dataset")
    ours = [
        Beside(line.profile, line.dataset, *names, column, Cell() if index is None else line.cells[index], **told)
        for line in lines
        if (line.architecture, line.method) == names and dataset in (None, line.dataset)
    ]
    return ours or [Beside("", dataset or "", *names, column, Cell(), **told)]


def _told(body: Mapping[str, Any]) -> dict[str, Any]:
    value, text = body.get("value"), str(body.get("text") or "")
    return {
        "value": None if value is None else float(value),
        "text": text or (NOT_RECOVERED if value is None else ""),
        "source": str(body.get("source") or ""),
    }
