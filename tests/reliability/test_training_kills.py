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
from reliability.tiny import Tiny, digest

HUNG, ORPHANED = 180.0, 12.0
TARGETS = {"driver": 40, "cell": 30, "server": 12, "tracker": 6, "all": 12}
EPOCHS, SECONDS = 8, 0.05


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
    """Run until the end, or until a random process is killed at a random time and what is left has ended."""
    mark = os.urandom(8).hex()
    driver = tiny.start(results, "--quiet", mark=mark)
    with contextlib.suppress(subprocess.TimeoutExpired):
        return driver.wait(rng.uniform(0.1, 1.1) * usual)
    found = victims(driver.pid, mark, target := rng.choices(list(TARGETS), list(TARGETS.values()))[0])
    begun = set(results.glob("checkpoints/*/last"))
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    tally[f"killed {target}"] += bool(found)
    tally["with a checkpoint"] += bool(found and begun)
    try:
        code = driver.wait(HUNG)
    except subprocess.TimeoutExpired:
        tally["hung"] += 1
        driver.kill()
        code = driver.wait()
    left = left_after(mark, ORPHANED)
    tally["orphans"] += len(left)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return code


def loop(kills: int, seed: int, folder: Path) -> dict[str, int]:
    """Kill as often; return the tally: sweeps completed, those that differ, kills by target."""
    rng, tally, number = random.Random(seed), Counter[str](), 0
    tiny = Tiny(folder, EPOCHS, SECONDS)
    began = time.monotonic()
    assert tiny.run(folder / "undisturbed", "--quiet") == 0, tiny.said(folder / "undisturbed")
    usual, whole = time.monotonic() - began, digest(folder / "undisturbed")
    while sum(tally[f"killed {target}"] for target in TARGETS) < kills:
        number += 1
        results = folder / f"sweep-{number}"
        while (code := one_life(tiny, results, usual, rng, tally)) != 0:
            tally[f"ended {code}"] += 1
        tally["sweeps"] += 1
        tally["differ"] += digest(results) != whole
        tally["conflicts"] += len(list(results.glob("conflicts/*")))
        tally["damaged"] += len(list(results.rglob("*.corrupt-*")))
    return {**{name: tally[name] for name in ("differ", "conflicts", "damaged", "hung", "orphans")}, **tally}


@pytest.mark.timeout(7200)
def test_a_killed_training_goes_on_to_the_same_weights_bit_for_bit(tmp_path: Path) -> None:
    told = loop(30 if NIGHTLY else 2, 2, tmp_path)
    print(json.dumps(told))
    wrong = ("differ", "conflicts", "damaged", "hung", "orphans")
    assert {name: told[name] for name in wrong} == dict.fromkeys(wrong, 0), told
    assert told["with a checkpoint"] >= 1, told


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as work:
        print(json.dumps(loop(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0, Path(work)), indent=1))
