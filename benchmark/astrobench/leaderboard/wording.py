"""How a number is told, the same on a page and on a terminal."""

from __future__ import annotations

import math
from statistics import median_high
from typing import TYPE_CHECKING

from astrobench.leaderboard.cells import MISSING
from astrobench.records import NO_LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from astrobench.leaderboard.table import Beside, Cell, Column, Leaderboard, Line, Trouble

DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
NOTHING = DASH
ARROWS = {"higher": "↑", "lower": "↓", None: ""}


def words(cell: Cell, column: Column, decimals: int, seeds: int) -> str:
    """Return a cell as text. seeds: how many the line has, so that a cell that rests on fewer says so."""
    if cell.is_reference:
        return "reference"
    if not cell.n and not column.given:
        return "no such score"
    if not cell.n:
        counts = {"failed": cell.n_failed, "undefined": cell.n_undefined, NO_LABELS: cell.n_unlabelled}
        return next((word for word, count in counts.items() if count), NOTHING)
    return _number(cell, column, decimals) + _marks(cell, seeds)


def heading(column: Column) -> tuple[str, str]:
    """Return a column's title and what stands behind it: the unit, and an arrow to where better lies."""
    arrow = ARROWS["higher"] if column.kind == "gain" and column.better else ARROWS[column.better]
    unit = f"({_unit(column)})" if _unit(column) else ""
    return column.title, f"{unit} {arrow}".strip()


def titled(column: Column) -> str:
    """Return a column's title with its unit."""
    return f"{column.title} ({_unit(column)})" if _unit(column) else column.title


def _unit(column: Column) -> str:
    if column.percent:
        return "pp" if column.kind == "gain" else "%"
    return "" if column.unit == column.title else column.unit


def ranked(line: Line) -> str:
    """Return the ranks that a line may hold: "1", "1-3", "oracle", or nothing."""
    if line.oracle:
        return "oracle"
    if line.places is None:
        return NOTHING
    best, worst = line.places.best, line.places.worst
    return str(best) if best == worst else f"{best}{DASH}{worst}"


def decimals_of(column: Column, cells: Iterable[Cell]) -> int:
    """Return how many decimals show three figures of a column's middle number; one for percent.

    Not of its largest: one network that has diverged would leave the others without a figure.
    """
    if column.percent:
        return 1
    sizes = [abs(cell.mean) for cell in cells if math.isfinite(cell.mean) and cell.mean]
    return min(6, max(0, 2 - math.floor(math.log10(median_high(sizes))))) if sizes else 2


def all_decimals(board: Leaderboard) -> tuple[int, ...]:
    """Return the decimals of each column of a leaderboard."""
    return tuple(decimals_of(c, [line.cells[i] for line in board.lines]) for i, c in enumerate(board.columns))


def fixed(value: float, column: Column, decimals: int, *, signed: bool = False) -> str:
    """Return a number with a true minus sign, times 100 in a column of percent; never "-0"."""
    text = f"{value * (100 if column.percent else 1):{'+' if signed else ''}.{decimals}f}"
    if not text.strip("+-0."):
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def few_images(board: Leaderboard) -> bool:
    """Say whether some shown number rests on fewer images than its domain's test set has."""
    return any(_few_images(cell) and cell.n and not cell.is_reference for line in board.lines for cell in line.cells)


def beside_words(one: Beside, decimals: Mapping[Column, int]) -> tuple[str, str]:
    """Return our number and the published one: its value, its text, or both."""
    places = decimals.get(one.column, decimals_of(one.column, [one.ours]) if one.column.score else None)
    ours = words(one.ours, one.column, places or 0, one.ours.n + one.ours.n_failed + one.ours.n_undefined)
    if one.value is None:
        return ours, one.text
    gain = one.column.kind == "gain"
    value = f"{one.value:g}" if places is None else fixed(one.value, one.column, places, signed=gain)
    return ours, f"{value} ({one.text})" if one.text else value


def trouble_words(trouble: Trouble) -> str:
    """Return how many cells befell what, and why, in one sentence."""
    cells = f"{trouble.count} cell{'s' if trouble.count > 1 else ''}"
    told = trouble.reason if trouble.what == MISSING else f"{trouble.what}: {trouble.reason or 'no reason given'}"
    return f"{cells}, {told} ({trouble.where})"


def _number(cell: Cell, column: Column, decimals: int) -> str:
    if column.kind == "gain":
        value = fixed(cell.mean, column, decimals, signed=True)
        ends = [fixed(end, column, decimals) for end in cell.interval or ()]
        return f"{value} [{', '.join(ends) or 'unknown'}]"
    value = f"{cell.bound} {fixed(cell.mean, column, decimals)}".strip()
    return value if cell.se is None else f"{value} ± {fixed(cell.se, column, decimals)}"


def _marks(cell: Cell, seeds: int) -> str:
    """Return what must be known beside the number: few images, one seed, seeds that are not in it, failures."""
    count = f"{cell.n} of {seeds} seeds" if cell.n < seeds else "1 seed" if cell.n == 1 else ""
    told = ", ".join(filter(None, [_few_images(cell), count, f"{cell.n_failed} failed" if cell.n_failed else ""]))
    return f" ({told})" if told else ""


def _few_images(cell: Cell) -> str:
    """Return how many images a number rests on, where those are not the whole test set."""
    if cell.images is None or not cell.images.partial:
        return ""
    fewest, most, _ = cell.images
    return f"n = {fewest}" if fewest == most else f"n = {fewest}{DASH}{most}"
