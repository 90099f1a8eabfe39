"""The leaderboard: from records to a table, a page, and a terminal. No torch, no plugins.

build(folder)    records → Leaderboard, a frozen value that knows nothing of its looks
tabulate(suite, rows)   the same from rows in memory
render(folder)   → table.csv and README.md, byte for byte the same from the same records
picture(board, title)   → the same as SVG
terminal(board)  → what a rich console prints
"""

from __future__ import annotations

from astrobench.leaderboard.building import build, tabulate
from astrobench.leaderboard.picture import picture
from astrobench.leaderboard.rendering import render, texts
from astrobench.leaderboard.table import Cell, Column, Leaderboard, Line
from astrobench.leaderboard.terminal import terminal

__all__ = ["Cell", "Column", "Leaderboard", "Line", "build", "picture", "render", "tabulate", "terminal", "texts"]
