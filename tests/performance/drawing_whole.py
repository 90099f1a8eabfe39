"""Drawing galaxies by the thousand: whole datasets that another Python draws with a cache of its own.

python -m tests.performance.drawing_whole 500
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial

from . import table

FEW, MANY = 500, 2000  # galaxies of a whole dataset
WANTED = 35_000


def whole() -> list[table.Row]:
    """Return the rows of whole datasets: cost and memory as they grow, and cores."""
    few, many, both = told(FEW, 1), told(MANY, 1), told(MANY, 2)
    each = [1000 * one["cpu"] / count for one, count in ((few, FEW), (many, MANY))]
    race, note = "lsst_mock as a whole", "with scenes drawn again until their class is confirmed, hashed and written"
    quiet = both["self"] + (both["cpu"] - both["self"]) / 2
    minutes = WANTED * many["cpu"] / MANY / 60
    flat = partial(table.by_cost, race, f"{MANY} galaxies", f"{FEW} galaxies")
    return [
        flat([each[1]], [each[0]], unit="ms a galaxy", goal="≥ 0.9×", note=note),
        flat([many["megabytes"]], [few["megabytes"]], unit="MB", goal="≥ 0.9×", note="peak of what is no file"),
        table.by_cost(
            race, "two cores", "one core", [both["wall"]], [many["wall"]], unit="s (wall clock)", goal="≥ 1.7×",
            limit="2×", note="of no meaning where others use the cores",
        ),
        table.by_cost(
            race, "two cores, by CPU", "one core", [quiet], [many["cpu"]], unit="s",
            limit="2×", note="the parent's seconds and half of the workers': what two idle cores would take",
        ),
        table.alone(race, f"{WANTED:,} galaxies × 2 domains", [minutes], unit="min on one core", note="estimated"),
    ]  # fmt: skip


def told(count: int, cores: int) -> dict[str, float]:
    """Draw a dataset in another Python; return seconds of {"wall", "cpu", "self"} and {"megabytes"} at the peak.

    cpu: of all processes; self: of the one that draws, without its workers.
    """
    with tempfile.TemporaryDirectory() as folder:
        words = {"ASTROBENCH_CACHE": folder, "ASTROBENCH_CORES": str(cores), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "tests.performance.drawing_whole", str(count)],
            env={**os.environ, **words}, check=True, capture_output=True, text=True,
        )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def draw_whole(count: int) -> dict[str, float]:
    """Draw a dataset here; see `told`."""
    import resource
    import threading

    from astrobench_galaxies.lsst_mock import lsst_mock

    peak, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            peak[0] = max(peak[0], _anonymous())

    threading.Thread(target=watch, daemon=True).start()
    begun = time.perf_counter()
    lsst_mock(galaxies=count)
    wall = time.perf_counter() - begun
    over.set()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    seconds = [each.ru_utime + each.ru_stime for each in used]
    return {"wall": wall, "self": seconds[0], "cpu": sum(seconds), "megabytes": peak[0]}


def _anonymous() -> float:
    """Return the megabytes that this process holds and no file does: a map of a file is given back when asked for."""
    with open("/proc/self/status", encoding="ascii") as file:
        return next(float(line.split()[1]) / 1024 for line in file if line.startswith("RssAnon"))


if __name__ == "__main__":
    print(json.dumps(draw_whole(int(sys.argv[1]))))
