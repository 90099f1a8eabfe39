"""The rows that every race gives, and the table of them.

A race is a module beside this one with `rows(rounds: int = 5) -> list[Row]`: contenders take turns, so many rounds of
them, after one turn to warm up; a figure is the median over rounds, a ratio the median of each round's ratio with the
least and the most of them. Times are seconds of CPU, unless a race says otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

GOAL = re.compile(r"(?P<side>[≥≤]) (?P<value>[\d.,e-]+)(?P<ratio>×?)")


@dataclass(frozen=True)
class Row:
    """One contender beside one peer.

    ours: the contender's median figure in `unit`. ratio: how many times better than the peer's it is, so that more is
    always better; None where there is no peer or it is not installed. goal: "≥ 20×" speaks of the ratio, "≤ 50 MB" of
    `ours`; "" for a row that is only told. limit: what the goal stands against. note: what a reader must know.
    """

    race: str
    contender: str
    peer: str
    ours: float | None
    unit: str
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    goal: str = ""
    limit: str = ""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal, or without what it speaks of. Raises ValueError."""
        if not self.goal:
            return None
        told = GOAL.match(self.goal)
        if told is None:
            raise ValueError(f"{self.goal!r} is no goal: expected one like '≥ 20×' or '≤ 50 MB'")
        reached, wanted = self.ratio if told["ratio"] else self.ours, float(told["value"].replace(",", ""))
        if reached is None:
            return None
        return reached >= wanted if told["side"] == "≥" else reached <= wanted


def by_cost(race: str, contender: str, peer: str, mine: Sequence[float], theirs: Sequence[float], **words: str) -> Row:
    """Return the row of a contender whose figures, one a round, are better when they are less."""
    return _raced(race, contender, peer, mine, [other / one for one, other in zip(mine, theirs, strict=True)], words)


def by_rate(race: str, contender: str, peer: str, mine: Sequence[float], theirs: Sequence[float], **words: str) -> Row:
    """Return the row of a contender whose figures, one a round, are better when they are more."""
    return _raced(race, contender, peer, mine, [one / other for one, other in zip(mine, theirs, strict=True)], words)


def alone(race: str, contender: str, mine: Sequence[float], **words: str) -> Row:
    """Return the row of a figure that stands against a goal and no peer."""
    return Row(race, contender, "", median(mine), **words)


def absent(race: str, peer: str, why: str = 'not installed: pip install -e ".[performance]"') -> Row:
    """Return the row of a peer, or of a whole race, that did not run."""
    return Row(race, "", peer, None, "", note=why)


def _raced(
    race: str, contender: str, peer: str, mine: Sequence[float], ratios: Sequence[float], words: dict[str, str]
) -> Row:
    return Row(
        race, contender, peer, median(mine), words.pop("unit"), median(ratios), min(ratios), max(ratios), **words
    )


def cells(row: Row) -> tuple[str, ...]:
    """Return a row as text: race, contender, its figure, peer, ratio with its range, goal, verdict, limit and note."""
    figure = "–" if row.ours is None else f"{_short(row.ours)} {row.unit}".strip()
    ratio = ""
    if row.ratio is not None:
        ratio = f"{_short(row.ratio)}×"
        if row.ratio_low is not None and row.ratio_high is not None:
            ratio += f" ({_short(row.ratio_low)}–{_short(row.ratio_high)})"
    verdict = {True: "yes", False: "**no**", None: ""}[row.met]
    rest = "; ".join(filter(None, (row.limit, row.note)))
    return row.race, row.contender, figure, row.peer or "–", ratio, row.goal, verdict, rest


HEAD = ("race", "contender", "figure", "peer", "ratio (range)", "goal", "met", "limit and notes")


def markdown(rows: Sequence[Row]) -> str:
    """Return the rows as a table in Markdown."""
    lines = [HEAD, ("---",) * len(HEAD), *map(cells, rows)]
    return "".join(f"| {' | '.join(text.replace('|', '/') for text in line)} |\n" for line in lines)


def _short(value: float) -> str:
    if value and abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
