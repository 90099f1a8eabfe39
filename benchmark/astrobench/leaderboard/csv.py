"""A leaderboard as table.csv: one line a method, every number in the unit of its score (fractions, not percent)."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING

from astrobench.leaderboard.escape import spreadsheet
from astrobench.records import NO_LABELS

if TYPE_CHECKING:
    from astrobench.leaderboard.table import Cell, Column, Leaderboard, Line

NAMES = ("profile", "dataset", "architecture", "method", "oracle", "best_rank", "worst_rank", "seeds", "environments")


def table(board: Leaderboard) -> str:
    """Return the CSV text. A column has its mean, se, n (seeds), failed cells, and images, the fewest that a seed's
    number rests on; a gain also the ends of its interval, and a severity whether it is only a bound (">", "<").

    An empty field is a number that does not exist; a mean that needs labels which nobody has is "no labels". Text
    that a spreadsheet would take for a formula begins with an apostrophe.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*NAMES, *(spreadsheet(name) for column in board.columns for name in _headings(column))])
    for line in board.lines:
        fields = (field for pair in zip(line.cells, board.columns, strict=True) for field in _fields(*pair))
        writer.writerow([*_labels(line), *fields])
    return text.getvalue()


def _labels(line: Line) -> list[str]:
    names = [spreadsheet(name) for name in (line.profile, line.dataset, line.architecture, line.method)]
    ranks = ["", ""] if line.places is None else [str(line.places.best), str(line.places.worst)]
    return [*names, str(line.oracle).lower(), *ranks, " ".join(map(str, line.seeds)), " ".join(line.environments)]


def _headings(column: Column) -> list[str]:
    ends = ["low", "high"] if column.kind == "gain" else ["bound"] if column.kind == "half_severity" else []
    return [column.title, *(f"{column.title} {name}" for name in ("se", "n", "failed", "images", *ends))]


def _fields(cell: Cell, column: Column) -> list[str]:
    low, high = cell.interval or (math.nan, math.nan)
    bound = [cell.bound] if column.kind == "half_severity" else []
    ends = [_number(low), _number(high)] if column.kind == "gain" else bound
    images = str(cell.images.fewest) if cell.images and cell.n else ""
    mean = NO_LABELS if cell.n_unlabelled and not cell.n else _number(cell.mean)
    return [mean, _number(cell.se), str(cell.n), str(cell.n_failed), images, *ends]


def _number(value: float | None) -> str:
    if value is None or not math.isfinite(value):
        return ""
    return format(value + 0.0, ".6g")
