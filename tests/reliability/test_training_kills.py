"""Killed at random in a real training, over and over, a sweep ends with the weights of one that nobody touched."""

from __future__ import annotations

import contextlib
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

import pytest

from reliability import NIGHTLY
from reliability.processes import left_after, marked, parent, says
from reliability.tiny import Peace, Tiny, digest, in_peace

ORPHANED = 12.0
TARGETS = {"driver": 40, "cell": 30, "server": 12, "tracker": 6, "all": 12}


def victims(driver: int, mark: str, target: str) -> list[int]:
    pids = marked(mark)
    server = [pid for pid in pids if says(pid, "cmdline", "forkserver") and parent(pid) == driver]
    return {
        "driver": [driver],
        "all": pids,
        "server": server,
        "tracker": [pid for pid in pids if says(pid, "cmdline", "resource_tracker")],
        "cell": [pid for pid in pids if parent(pid) in server][:1],
    }[target]


def one_life(tiny: Tiny, results: Path, usual: float, rng: random.Random, tally: Counter[str]) -> int:
    """Run until the end, killing a random process at random times until the driver is gone; return its exit code."""
    mark = os.urandom(8).hex()
    driver = tiny.start(results, "--quiet", mark=mark)
    while driver.poll() is None:
        if rng.random() < 0.7:  # most of a short run is loading: aim at the training
            while driver.poll() is None and not set(results.glob("checkpoints/*/last")):
                time.sleep(0.02)
            wait = rng.uniform(0.0, 1.0)
        else:
            wait = rng.uniform(0.0, 1.0) * usual
        with contextlib.suppress(subprocess.TimeoutExpired):
            driver.wait(wait)
            break
        kill(driver, mark, rng.choices(list(TARGETS), list(TARGETS.values()))[0], results, tally)
    left = left_after(mark, ORPHANED)
    tally["orphans"] += len(left)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return driver.wait()


def kill(driver: subprocess.Popen[str], mark: str, target: str, results: Path, tally: Counter[str]) -> None:
    found = victims(driver.pid, mark, target)
    begun = set(results.glob("checkpoints/*/last"))
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    tally[f"killed {target}"] += bool(found)
    tally["with a checkpoint"] += bool(found and begun)


def loop(tiny: Tiny, peace: Peace, kills: int, seed: int) -> dict[str, int]:
    """Kill as often; return the tally: sweeps completed, those that differ, kills by target.

    A sweep that hangs is one that the test's own time limit ends.
    """
    rng, tally, number = random.Random(seed), Counter[str](), 0
    while sum(tally[f"killed {target}"] for target in TARGETS) < kills:
        number += 1
        results = tiny.folder / f"killed-{number}"
        while (code := one_life(tiny, results, peace.seconds, rng, tally)) != 0:
            tally[f"ended {code}"] += 1
            print(json.dumps(tally), file=sys.stderr, flush=True)
        tally["sweeps"] += 1
        tally["differ"] += digest(results) != peace.digest
        tally["conflicts"] += len(list(results.glob("conflicts/*")))
        tally["damaged"] += len(list(results.rglob("*.corrupt-*")))
        print(json.dumps(tally), file=sys.stderr, flush=True)
    return {**{name: tally[name] for name in ("differ", "conflicts", "damaged", "orphans")}, **tally}


@pytest.mark.timeout(7200)
def test_a_killed_training_goes_on_to_the_same_weights_bit_for_bit(tiny: Tiny, peace: Peace) -> None:
    told = loop(tiny, peace, 30 if NIGHTLY else 2, 7)
    wrong = ("differ", "conflicts", "damaged", "orphans")
    assert {name: told[name] for name in wrong} == dict.fromkeys(wrong, 0), told
    assert told["with a checkpoint"] >= (10 if NIGHTLY else 0), told


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as work:
        suite = Tiny(Path(work), seconds=0.3)
        print(json.dumps(loop(suite, in_peace(suite), int(sys.argv[1]), int(sys.argv[2])), indent=1))
