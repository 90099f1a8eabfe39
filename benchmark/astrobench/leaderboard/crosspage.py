"""The cross table of a page: a matrix of trained × tested, and every score with its interval below it."""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING

from astrobench.leaderboard.escape import markdown
from astrobench.leaderboard.sections import grid
from astrobench.leaderboard.wording import decimals_of, fixed, heading, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from astrobench.leaderboard.table import Cell, Column, Crossed, Leaderboard

HOW = """\
A row is trained on labels of its domain, and adapted to the images of the other where its method adapts; a column is
what it is tested on. Oracles are left out. ± is the standard error over seeds, which tells what another training would
do; brackets hold the 95 % bootstrap interval over test objects, which tells what another test set would do (the mean
over seeds of its ends).
"""


def crosses(board: Leaderboard) -> Iterator[str]:
    """Yield the cross tables, a matrix and a table of all scores for each profile and architecture."""
    if not board.cross:
        return
    yield "## Trained on, tested on"
    yield HOW
    for (profile, architecture), found in groupby(board.cross, key=lambda row: (row.profile, row.architecture)):
        rows = list(found)
        where = f"{markdown(architecture)}{f', profile {markdown(profile)}' if profile else ''}"
        yield f"{where}, {markdown(' '.join(filter(None, heading(rows[0].columns[0]))))}:"
        yield _matrix(rows)
        yield f"{where}, every score:"
        yield _scores(rows)


def _matrix(rows: Sequence[Crossed]) -> str:
    tested = list(dict.fromkeys(row.tested for row in rows))
    places = decimals_of(rows[0].columns[0], [row.cells[0] for row in rows])
    lines = []
    for (method, trained), some in groupby(rows, key=lambda row: (row.method, row.trained)):
        cells = {row.tested: _told(row.cells[0], row.columns[0], places) for row in some}
        lines.append([markdown(method), markdown(trained), *(cells[domain] for domain in tested)])
    heads = ["Method", "Trained on", *(f"Tested on {markdown(domain)}" for domain in tested)]
    return grid(heads, lines, right=range(2, 2 + len(tested)))


def _scores(rows: Sequence[Crossed]) -> str:
    columns = rows[0].columns
    places = [decimals_of(column, [row.cells[i] for row in rows]) for i, column in enumerate(columns)]
    heads = ["Method", "Trained → tested", *(" ".join(filter(None, heading(c))) for c in columns)]
    lines = [
        [
            markdown(row.method),
            markdown(f"{row.trained} → {row.tested}"),
            *map(_told, row.cells, row.columns, places),
        ]
        for row in rows
    ]
    return grid([*heads[:2], *map(markdown, heads[2:])], lines, right=range(2, len(heads)))


def _told(cell: Cell, column: Column, places: int) -> str:
    """Return the number, what seeds do to it, and the interval over test objects in brackets."""
    told = words(cell, column, places, cell.n + cell.n_failed)
    if cell.interval is None or not math.isfinite(cell.mean):
        return told
    return f"{told} [{', '.join(fixed(end, column, places) for end in cell.interval)}]"
