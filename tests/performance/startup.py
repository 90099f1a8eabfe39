"""How long the commands take to say anything: `--help`, `list`, and `render` beside importing pandas alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from . import table
from .running import of_children

if TYPE_CHECKING:
    from collections.abc import Sequence

BOARD = Path(__file__).parents[2] / "leaderboards" / "deepadversaries"
PYTHON, ASTROBENCH = sys.executable, (sys.executable, "-m", "astrobench")
COMMANDS: dict[str, Sequence[str]] = {
    "python": (PYTHON, "-c", "pass"),
    "numpy": (PYTHON, "-c", "import numpy"),
    "pandas": (PYTHON, "-c", "import pandas"),
    "--help": (*ASTROBENCH, "--help"),
    "list": (*ASTROBENCH, "list"),
    "render": (*ASTROBENCH, "render"),
}


def rows(rounds: int = 5) -> list[table.Row]:
    """Return the rows of the race."""
    with tempfile.TemporaryDirectory() as folder:
        board = shutil.copytree(BOARD, Path(folder, "board"))
        commands = {**COMMANDS, "render": (*COMMANDS["render"], str(board))}
        for command in commands.values():
            seconds(command)  # files into the page cache
        turns = [{name: seconds(command) for name, command in commands.items()} for _ in range(rounds)]
    beyond = [1000 * (turn["render"] - turn["pandas"]) for turn in turns]
    told = [
        _row(turns, name, peer, goal)
        for name, peer, goal in (("--help", "python", "≤ 250 ms"), ("list", "numpy", "≤ 1000 ms"))
    ]
    words = {"unit": "ms", "goal": "≤ 1000 ms", "note": f"the page of {BOARD.name}, beyond importing pandas"}
    return [*told, table.alone("start-up", "astrobench render", beyond, **words)]


def _row(turns: Sequence[dict[str, float]], name: str, peer: str, goal: str) -> table.Row:
    mine, theirs = ([1000 * turn[who] for turn in turns] for who in (name, peer))
    alone = "python -c pass" if peer == "python" else f"import {peer}"
    return table.by_cost(
        "start-up", f"astrobench {name}", alone, mine, theirs, unit="ms", goal=goal, limit="the peer is the floor"
    )


def seconds(command: Sequence[str]) -> float:
    """Return the CPU seconds of a command."""
    before = of_children()
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    return of_children() - before
