"""`astrobench render`: a leaderboard's files from its records, without torch or plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astrobench.cli.output import plain_console
from astrobench.leaderboard import render, terminal

if TYPE_CHECKING:
    from pathlib import Path


def render_folder(folder: Path, *, check: bool) -> None:
    """Render a folder's table and page, or check that they are what the records say."""
    board = render(folder, check=check)
    console = plain_console()
    if check:
        console.print(f"{folder}: table.csv and README.md are what the records say", soft_wrap=True)
    else:
        console.print(terminal(board))
