"""Kill a sweep at random, go on, and hold its leaderboard against an undisturbed one.

python -m reliability.killloop KILLS [SEED]      from tests/; prints the tally as JSON
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from reliability.processes import MARK, left_after, marked, parent, says

CELLS, SECONDS = 24, 0.02
HUNG, ORPHANED = 120.0, 12.0
TARGETS = {"driver": 40, "cell": 30, "server": 12, "tracker": 6, "all": 12}


def loop(kills: int, seed: int, work: Path) -> dict[str, object]:
    """Return the tally of as many kills: sweeps completed, leaderboards that differ, sweeps hung, orphans left."""
    rng, tally = random.Random(seed), Counter[str]()
    undisturbed, usual = _undisturbed(work / "undisturbed")
    number = 0
    while sum(tally[f"killed {target}"] for target in TARGETS) < kills:
        number += 1
        folder = work / f"sweep-{number}"
        while (code := _one_life(folder, rng, usual, tally)) != 0:
            tally[f"ended {code}"] += 1
        tally["sweeps"] += 1
        tally["differ"] += _digest(folder) != undisturbed
        tally["conflicts"] += len(list(folder.glob("conflicts/*")))
        tally["damaged"] += len(list(folder.rglob("*.corrupt-*")))
    counts = ("sweeps", "differ", "conflicts", "damaged", "hung", "orphans")
    return {**{name: tally[name] for name in counts}, **dict(sorted(tally.items()))}


def _undisturbed(folder: Path) -> tuple[str, float]:
    """Return the digest of a sweep that nobody touches, and the seconds it takes."""
    began = time.monotonic()
    assert _start(folder, "none").wait(HUNG) == 0, Path(f"{folder}.log").read_text()
    return _digest(folder), time.monotonic() - began


def _one_life(folder: Path, rng: random.Random, usual: float, tally: Counter[str]) -> int:
    """Run a sweep until it ends or is killed; return its exit code."""
    mark = os.urandom(8).hex()
    driver = _start(folder, mark)
    with contextlib.suppress(subprocess.TimeoutExpired):
        return _end(driver, driver.wait(rng.uniform(0.1, 1.1) * usual), mark, tally)
    target = rng.choices(list(TARGETS), list(TARGETS.values()))[0]
    victims = _victims(driver.pid, mark, target)
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    tally[f"killed {target}"] += bool(victims)
    try:
        code = driver.wait(HUNG)
    except subprocess.TimeoutExpired:
        tally["hung"] += 1
        driver.kill()
        code = driver.wait()
    return _end(driver, code, mark, tally)


def _end(driver: subprocess.Popen[bytes], code: int, mark: str, tally: Counter[str]) -> int:
    """Wait until all that the driver started is gone."""
    left = left_after(mark, ORPHANED)
    tally["orphans"] += len(left)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return code


def _start(folder: Path, mark: str) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "reliability.sweep", folder, str(CELLS), str(SECONDS)]
    surroundings = {**os.environ, MARK: mark, "OMP_NUM_THREADS": "1"}
    with Path(f"{folder}.log").open("ab") as log:
        return subprocess.Popen(
            words, env=surroundings, cwd=Path(__file__).parents[1], stdout=log, stderr=log, start_new_session=True
        )


def _victims(driver: int, mark: str, target: str) -> list[int]:
    pids = marked(mark)
    if target in ("driver", "all"):
        return [driver] if target == "driver" else pids
    server = [pid for pid in pids if says(pid, "cmdline", "forkserver") and parent(pid) == driver]
    if target == "server":
        return server
    if target == "tracker":
        return [pid for pid in pids if says(pid, "cmdline", "resource_tracker")]
    return [pid for pid in pids if parent(pid) in server][:1]


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / "records.jsonl").read_bytes()).hexdigest()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as work:
        began = time.monotonic()
        told = loop(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0, Path(work))
        print(json.dumps({"kills": int(sys.argv[1]), **told, "seconds": round(time.monotonic() - began)}, indent=1))
