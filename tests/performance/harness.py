"""What the harness itself costs: planning, finding out what is done, and rendering, as a sweep grows.

    python -m tests.performance.harness [--cells 100,1000,10000] [--rounds 5]

Cells are as the suite `deepadversaries` has them; their results are made up and written to a store beforehand, so that
nothing is trained. Seconds of CPU, median over rounds; the last column is what one cell costs in all three.
"""

from __future__ import annotations

import argparse
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
from astrobench.leaderboard import render
from astrobench.plan import make_plan
from astrobench.records import pack_bits, score_to_plain
from astrobench.registry import Registry
from astrobench.stock import Stock
from astrobench.store import Store
from astrobench.suite import read_suite
from astrobench.types import Score
from astrobench.validation import validation_key

if TYPE_CHECKING:
    from astrobench.plan import Plan
    from astrobench.records import Row

METHODS = ("source_only", "mmd", "coral", "dann", "target_only")
DOMAINS = 2
IMAGES = 1000
PROVENANCE = {"environment": {"python": "made up"}, "fingerprint": "0" * 12, "commit": {}, "seconds": 1.0}
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
    with patch("os.fsync"):
        prediction = store.put({"logits": np.zeros((1, 3), np.float32)})
        for job in plan.jobs.values():
            store.write("datasets", job.dataset_key, {"truth": {"Y10": prediction, "Y1": prediction}}, PROVENANCE)
            oracle = job.method.plugin == "target_only"
            trained = {
                "oracle": oracle,
                "told": [],
                "images": prediction,
                "epochs": [0],
                "source_valid": 0,
                "history": [],
            }
            store.write("trainings", job.key, trained, PROVENANCE)
            store.write("validations", validation_key(job.key), {"accuracy": {}}, PROVENANCE)
        for cell in plan.cells:
            store.write("cells", cell.key, {"prediction": prediction, "layers": []}, PROVENANCE)
        stock = Stock(plan, store)
        for number, cell in enumerate(plan.cells):
            store.write("scores", stock.place(cell)["key"], _scores(number), {})  # type: ignore[index]


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
    rows: tuple[Row, ...] = Sweep(plan, store, Options()).run()
    resume_ended = time.process_time()
    assert [row.status for row in rows] == ["ok"] * len(plan.cells)
    board = folder / f"board-{cells}"
    write_records(plan, rows, board)
    rendered = time.process_time()
    render(board)
    return Costs(plan_ended - begun, resume_ended - resumed, time.process_time() - rendered)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", default="100,1000,10000")
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
