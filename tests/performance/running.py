"""The races, each run in a process of its own: python -m tests.performance.running RACE ROUNDS FILE."""

from __future__ import annotations

import importlib
import json
import resource
import subprocess
import sys
import tempfile
import traceback
from dataclasses import asdict
from pathlib import Path

from .table import Row, absent

HOME = Path(__file__).parents[2]

RACES = ("attacks", "training", "drawing", "cka", "harness", "startup")


def apart(race: str, rounds: int) -> list[Row]:
    """Return the rows of a race that was run by another Python: one race leaves nothing behind for the next."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "rows.json")
        command = [sys.executable, "-m", "tests.performance.running", race, str(rounds), str(file)]
        code = subprocess.run(command, cwd=HOME, check=False).returncode
        if not file.exists():
            return [absent(race, "", f"did not run: its process ended with {code}")]
        return [Row(**body) for body in json.loads(file.read_text(encoding="utf-8"))]


def run(race: str, rounds: int) -> list[Row]:
    """Return the rows of a race; one that ends in an error is a row that says so."""
    try:
        return list(importlib.import_module(f"tests.performance.{race}").rows(rounds))
    except Exception as error:
        traceback.print_exc()
        return [absent(race, "", f"did not run: {type(error).__name__}: {str(error).splitlines()[:1]}")]


def of_children() -> float:
    """Return the CPU seconds that the children of this process, and theirs, have taken so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    name, turns, place = sys.argv[1:]
    Path(place).write_text(json.dumps([asdict(row) for row in run(name, int(turns))]), encoding="utf-8")
