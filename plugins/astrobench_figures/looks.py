"""How methods are told apart in one picture: by colour, by marker and by line, so that no eye needs the colour."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Seven of the eight colours of Okabe & Ito (2008), Color Universal Design; yellow is too light for a line."""
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "*")
Line = Literal["-", "--", "-.", ":"]
LINES: tuple[Line, ...] = ("-", "--", "-.", ":")


class Look(NamedTuple):
    """What a method is drawn with. Seven colours and eight markers: 56 methods share no pair of them."""

    colour: str
    marker: str
    line: Line


def looks_of(methods: Iterable[str]) -> dict[str, Look]:
    """Return the look of each method, in the order in which they are first named."""
    looks = map(Look, cycle(COLOURS), cycle(MARKERS), cycle(LINES))
    return dict(zip(dict.fromkeys(methods), looks, strict=False))
