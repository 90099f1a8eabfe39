"""A leaderboard as a picture for a README: what a terminal shows, as SVG."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from astrobench.leaderboard.escape import plain
from astrobench.leaderboard.terminal import terminal

if TYPE_CHECKING:
    from astrobench.leaderboard.table import Leaderboard

WIDTH = 132


def picture(board: Leaderboard, title: str) -> str:
    """Return the leaderboard as SVG text. Its bytes belong to the version of rich, so no check compares them."""
    from rich.console import Console

    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(terminal(board))
    return console.export_svg(title=plain(title), unique_id="astrobench")
