"""What a cell costs in which nothing is done: ours in one process, and benchopt's.

Ours trains a network of a few hundred weights once; a cell then adds noise to 64 images of 8 x 8 pixels, predicts and
scores them. benchopt's solver returns a number. Two sweeps of different length give what one more cell costs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .running import of_children

if TYPE_CHECKING:
    from collections.abc import Callable

FEW, MANY = 20, 220
PEER = "benchopt 1.10"
PEERS_HOME = "ASTROBENCH_PEERS"
"""Names the folder of another environment that has benchopt, where this one has not: it brings 40 packages."""

OBJECTIVE = """
from benchopt import BaseObjective

class Objective(BaseObjective):
    name = "nothing"
    sampling_strategy = "run_once"
    def set_data(self, x): self.x = x
    def evaluate_result(self, found): return dict(value=found)
    def get_objective(self): return dict(x=self.x)
    def get_one_result(self): return dict(found=0)
"""
DATASET = """
from benchopt import BaseDataset

class Dataset(BaseDataset):
    name = "one"
    def get_data(self): return dict(x=1)
"""
SOLVER = """
from benchopt import BaseSolver

class Solver(BaseSolver):
    name = "answer"
    sampling_strategy = "run_once"
    parameters = {"k": list(range(CELLS))}
    def set_objective(self, x): self.x = x
    def run(self, _): self.found = self.k * self.x
    def get_result(self): return dict(found=self.found)
"""


def a_cell(sweep: Callable[[int, Path], float]) -> float:
    """Return the CPU seconds of one more cell."""
    with tempfile.TemporaryDirectory() as folder:
        few, many = (sweep(cells, Path(folder, str(cells))) for cells in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def ours(cells: int, folder: Path) -> float:
    """Plan and run so many trivial cells in this process; return its CPU seconds."""
    sys.path[:0] = [str(Path(__file__).parents[1]), str(folder / "site")]
    try:
        return _ours(cells, folder)
    finally:
        del sys.path[:2]


def _ours(cells: int, folder: Path) -> float:
    from astrobench.engine import Options, Sweep
    from reliability.tiny import Tiny

    folder.mkdir()
    tiny = Tiny(folder, 0.0)
    noises = [{"plugin": "noise", "label": f"n{k}", "params": {"sigma": 0.1 + 1e-4 * k}} for k in range(cells // 2 - 1)]
    begun = time.process_time()
    made = tiny.sweep(folder / "results", method=["plain"], perturbation=["none", *noises])
    rows = Sweep(made.plan, made.store, Options(in_process=True)).run()
    seconds = time.process_time() - begun
    assert [row.status for row in rows] == ["ok"] * cells
    return seconds


def benchopt(cells: int, folder: Path) -> float:
    """Let benchopt run so many trivial solvers in one process; return the CPU seconds of it and its children."""
    program = found()
    assert program is not None
    for name, text in {"objective": OBJECTIVE, "datasets/one": DATASET, "solvers/answer": SOLVER}.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("CELLS", str(cells)))
    before = of_children()
    command = [program, "run", str(folder), "-n", "1", "-r", "1", "--no-plot", "--no-html"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    return of_children() - before


def found() -> str | None:
    """Return where benchopt is, None where it is not."""
    folder = os.environ.get(PEERS_HOME)
    beside = f"{folder}/bin" if folder else str(Path(sys.executable).parent)
    return shutil.which("benchopt", path=beside)
