"""Ctrl-C, SIGTERM and both twice, at random: the run is gone in seconds, says so, and goes on where it was."""

from __future__ import annotations

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
from reliability.processes import left_after
from reliability.tiny import Tiny, digest

ONCE, TWICE = 5.0, 1.0
"""Seconds after one signal, and after a second one, in which a run is gone."""

GONE = 12.0
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


def interrupted(tiny: Tiny, results: Path, usual: float, rng: random.Random, number: int) -> tuple[str, int, float]:
    """Start a run, send its group a signal at random; return what was sent, the exit code, and the seconds it took."""
    first, twice, mark = list(CODES)[number % 2], number % 3 == 2, os.urandom(8).hex()
    run = tiny.start(results, mark=mark)
    try:
        run.wait(rng.uniform(0.0, usual))
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, first)
        if twice:
            time.sleep(rng.uniform(0.0, 0.2))
            if run.poll() is None:
                os.killpg(run.pid, first)
        began = time.monotonic()
        code = run.wait(60)
        seconds = time.monotonic() - began
        assert left_after(mark, GONE) == [], "left behind"
        return f"{first.name}{' twice' if twice else ''}", code if code >= 0 else 128 - code, seconds
    return "nothing", run.returncode, 0.0


def loop(signals: int, seed: int, folder: Path) -> dict[str, object]:
    """Send as many signals, whole sweeps over and over; return what happened how often, and the slowest end."""
    rng, tally, slowest = random.Random(seed), Counter[str](), {"once": 0.0, "twice": 0.0}
    tiny = Tiny(folder, epochs=8, seconds=0.05)
    began = time.monotonic()
    assert tiny.run(folder / "undisturbed") == 0, tiny.said(folder / "undisturbed")
    usual, whole = time.monotonic() - began, digest(folder / "undisturbed")
    sent = number = 0
    while sent < signals:
        number += 1
        results = folder / f"sweep-{number}"
        while True:
            told, code, seconds = interrupted(tiny, results, usual, rng, sent)
            tally[f"{told}: {code}"] += 1
            if told == "nothing" or sent >= signals:
                break
            sent += 1
            how = "twice" if told.endswith("twice") else "once"
            slowest[how] = max(slowest[how], seconds)
        tally["not resumed"] += tiny.run(results) != 0
        tally["differ"] += digest(results) != whole
        tally["tracebacks"] += "Traceback" in tiny.said(results)
        tally["sweeps"] += 1
    return {**dict(sorted(tally.items())), "slowest": {how: round(value, 2) for how, value in slowest.items()}}


@pytest.mark.timeout(3600)
def test_a_run_ends_at_a_signal_in_seconds_and_goes_on_afterwards(tmp_path: Path) -> None:
    told = loop(30 if NIGHTLY else 3, 0, tmp_path)
    print(json.dumps(told))
    allowed = {f"{number.name}{times}: {code}" for number, code in CODES.items() for times in ("", " twice")}
    ends = {name for name in told if ": " in name}
    assert ends <= allowed | {"nothing: 0"} | {f"{one.split(':')[0]}: 0" for one in allowed}, told
    assert (told["not resumed"], told["differ"], told["tracebacks"]) == (0, 0, 0), told
    assert told["slowest"]["once"] <= ONCE, told
    assert told["slowest"]["twice"] <= TWICE, told


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as work:
        print(json.dumps(loop(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0, Path(work)), indent=1))
