"""Which numbers a parameter allows, told in its annotation as mathematics tells it: `Annotated[float, "(0, 1]"]`.

A round bracket leaves the end out, a square one includes it; "inf" is no end.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBER = r"-?(?:inf|\d+(?:\.\d+)?(?:e-?\d+)?)"
INTERVAL = re.compile(rf"([\[(])({NUMBER}), ({NUMBER})([\])])")
ANNOTATED = re.compile(r"(?:typing\.)?Annotated\[(int|float), ['\"]([^'\"]*)['\"]\]")


@dataclass(frozen=True)
class Interval:
    """The numbers from low to high, either end included where it is said to be closed."""

    low: float
    high: float
    closed_low: bool
    closed_high: bool

    def holds(self, value: float) -> bool:
        """Say whether a number lies in the interval."""
        above = value >= self.low if self.closed_low else value > self.low
        return above and (value <= self.high if self.closed_high else value < self.high)


def interval(text: str) -> Interval:
    """Return the interval that a text such as "[1, inf)" tells. Raises ValueError for any other text."""
    told = INTERVAL.fullmatch(text)
    if told is None:
        raise ValueError(text)
    found = Interval(float(told[2]), float(told[3]), told[1] == "[", told[4] == "]")
    if not found.low < found.high:
        raise ValueError(text)
    return found


def plainly(annotation: str) -> str:
    """Return an annotation as one says it: "int in [1, 10]" for `Annotated[int, '[1, 10]']`."""
    return ANNOTATED.sub(r"\1 in \2", annotation)
