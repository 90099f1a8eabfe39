"""What the harness itself costs: planning, finding out what is done, rendering, and a cell in which nothing is done.

    python -m tests.performance.harness [--cells 100,1000,10000] [--rounds 5]

Cells are as the suite `deepadversaries` has them; their results are made up and written to a store beforehand, so that
nothing is trained. Beside the resuming stands a loop that reads, hashes and parses the same files and nothing more.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import tempfile
import time
from importlib.resources import files
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

import numpy as np
from astrobench.cli.running import write_records
from astrobench.engine import Options, Sweep
from astrobench.environment import provenance
from astrobench.leaderboard import render
from astrobench.plan import make_plan
from astrobench.reading import bytes_of
from astrobench.records import pack_bits, score_to_plain
from astrobench.registry import Registry
from astrobench.stock import Stock
from astrobench.store import Store
from astrobench.suite import read_suite
from astrobench.types import Score
from astrobench.validation import validation_key

from . import table, trivial

if TYPE_CHECKING:
    from astrobench.plan import Plan
    from astrobench.records import Row

SIZES = (100, 1000, 10_000)
METHODS = ("source_only", "mmd", "coral", "dann", "target_only")
DOMAINS = 2
IMAGES = 1000
LIMITS = {"plan": 2.0, "resume": 2.0, "render": 3.0}
"""Seconds that 10,000 cells may take (issue 6)."""


class Costs(NamedTuple):
    """Seconds of CPU."""

    plan: float
    resume: float
    render: float


def planned(cells: int) -> Plan:
    """Return a plan of so many cells."""
    seeds = list(range(cells // (len(METHODS) * DOMAINS)))
    suite = Path(str(files("astrobench_galaxies"))) / "suites" / "deepadversaries.toml"
    axes = {"seed": seeds, "method": list(METHODS), "perturbation": ["none"]}
    return make_plan(read_suite(suite, "smoke", {"axes": axes, "exclude": []}), Registry.load(), "smoke", "cpu")


def fill(plan: Plan, store: Store) -> None:
    """Write what a finished sweep leaves in its store, made up. Not synced: a store is read here, not lost."""
    origin = provenance()
    with patch("os.fsync"):
        prediction = store.put({"logits": np.zeros((1, 3), np.float32)})
        for job in plan.jobs.values():
            about = {
                "truth": {"Y10": prediction, "Y1": prediction},
                "source": job.source,
                "shape": [3, 8, 8],
                "sizes": {"train": 1000, "target": 1000},
            }
            store.write("datasets", job.dataset_key, about, origin)
            oracle = job.method.plugin == "target_only"
            trained = {
                "oracle": oracle,
                "told": [],
                "images": prediction,
                "epochs": [0],
                "source_valid": 0,
                "history": [],
            }
            store.write("trainings", job.key, trained, origin)
            store.write("validations", validation_key(job.key), {"accuracy": {}}, origin)
        for cell in plan.cells:
            store.write("cells", cell.key, {"prediction": prediction, "layers": []}, origin)
        stock = Stock(plan, store)
        for number, cell in enumerate(plan.cells):
            store.write("scores", stock.places(cell)[0]["key"], _scores(number), {})


def _scores(number: int) -> dict[str, object]:
    right = np.random.default_rng(number).random(IMAGES) < 0.8
    names = ("accuracy", "auc", "brier", "ece", "distance_ratio", "distance_ratio_scaled", "cka_diag")
    scores = {name: score_to_plain(Score(float(right.mean()))) for name in names}
    return {"scores": scores, "failed": {}, "correct": pack_bits(right), "correct_n": IMAGES}


def measured(cells: int, folder: Path) -> Costs:
    """Plan, resume a finished sweep of so many cells, and render its leaderboard."""
    store = Store(folder / str(cells))
    begun = time.process_time()
    plan = planned(cells)
    plan_ended = time.process_time()
    if not store.root.exists():
        fill(plan, store)
    resumed = time.process_time()
    found: tuple[Row, ...] = Sweep(plan, store, Options()).run()
    resume_ended = time.process_time()
    assert [row.status for row in found] == ["ok"] * len(plan.cells)
    board = folder / f"board-{cells}"
    write_records(plan, found, board)
    rendered = time.process_time()
    render(board)
    return Costs(plan_ended - begun, resume_ended - resumed, time.process_time() - rendered)


def bare(store: Store) -> float:
    """Return the CPU seconds of reading, hashing and parsing every result once."""
    begun = time.process_time()
    for kind in ("cells", "scores", "trainings", "validations"):
        for folder in os.scandir(store.root / kind):
            for name in os.listdir(folder.path):
                data = bytes_of(f"{folder.path}/{name}") or b""
                hashlib.sha256(data).hexdigest()
                json.loads(data)
    return time.process_time() - begun


def rows(rounds: int = 5) -> list[table.Row]:
    """Return the rows of the race."""
    costs: dict[int, list[Costs]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for cells in SIZES:
            measured(cells, Path(folder))  # imports, and the store to be resumed
            costs[cells] = [measured(cells, Path(folder)) for _ in range(rounds)]
        floor = [bare(Store(Path(folder, str(SIZES[-1])))) for _ in range(rounds)]
    many = costs[SIZES[-1]]
    race = f"{SIZES[-1]:,} cells"
    told = [
        table.alone(race, "plan", [one.plan for one in many], unit="s", goal="≤ 2 s"),
        table.by_cost(
            race, "resume", "reading, hashing, parsing alone", [one.resume for one in many], floor,
            unit="s", goal="≤ 2 s", limit="the peer is the floor",
        ),
        table.alone(race, "render", [one.render for one in many], unit="s", goal="≤ 3 s"),
    ]  # fmt: skip
    few = [1000 * sum(one) / SIZES[0] for one in costs[SIZES[0]]]
    for cells in SIZES[1:]:
        each = [1000 * sum(one) / cells for one in costs[cells]]
        words = {"unit": "ms", "goal": "≥ 0.8×", "note": "plan, resume and render, a cell: flat as a sweep grows"}
        told.append(table.by_cost(f"{cells:,} cells", "a cell", f"a cell of {SIZES[0]}", each, few, **words))
    return [*told, *_trivial(rounds)]


def _trivial(rounds: int) -> list[table.Row]:
    words = {"unit": "ms", "goal": "≤ 10 ms", "note": "trivial cells in one process, what one more costs"}
    mine, theirs = [], []
    trivial.a_cell(trivial.ours)  # imports
    for _ in range(rounds):
        mine.append(1000 * trivial.a_cell(trivial.ours))
        if trivial.found():
            theirs.append(1000 * trivial.a_cell(trivial.benchopt))
    if theirs:
        return [table.by_cost("a cell", "ours", trivial.PEER, mine, theirs, **words)]
    return [table.alone("a cell", "ours", mine, **words), table.absent("a cell", trivial.PEER)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", default=",".join(map(str, SIZES)))
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    print(f"{'cells':>7} {'plan s':>8} {'resume s':>9} {'render s':>9} {'ms a cell':>10}")
    with tempfile.TemporaryDirectory() as folder:
        for cells in map(int, asked.cells.split(",")):
            runs = [measured(cells, Path(folder)) for _ in range(asked.rounds)]
            middle = Costs(*(median(costs) for costs in zip(*runs, strict=True)))
            told = f"{middle.plan:8.2f} {middle.resume:9.2f} {middle.render:9.2f} {1000 * sum(middle) / cells:10.3f}"
            print(f"{cells:7d} {told}")
    print("limits of 10,000 cells:", ", ".join(f"{name} {limit:g} s" for name, limit in LIMITS.items()))


if __name__ == "__main__":
    main()
