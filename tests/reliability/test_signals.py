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
from typing import Any

import pytest

from reliability import NIGHTLY
from reliability.processes import left_after
from reliability.tiny import Peace, Tiny, digest, in_peace

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


def loop(tiny: Tiny, peace: Peace, signals: int, seed: int) -> dict[str, Any]:
    """Send as many signals, sweep after sweep; return what happened how often, and the slowest ends in seconds."""
    rng, tally, slowest, sent = random.Random(seed), Counter[str](), {"once": 0.0, "twice": 0.0}, 0
    while sent < signals:
        tally["sweeps"] += 1
        results = tiny.folder / f"signalled-{tally['sweeps']}"
        told = ""
        while sent < signals and told != "nothing":
            told, code, seconds = interrupted(tiny, results, peace.seconds, rng, sent)
            tally[f"{told}: {code}"] += 1
            sent += told != "nothing"
            how = "twice" if told.endswith("twice") else "once"
            slowest[how] = max(slowest[how], round(seconds, 2))
            print(json.dumps([tally, slowest]), file=sys.stderr, flush=True)
        tally["not resumed"] += tiny.run(results, "--quiet") != 0
        tally["differ"] += digest(results) != peace.digest
        tally["tracebacks"] += "Traceback" in tiny.said(results)
    return {**dict(sorted(tally.items())), "slowest": slowest}


@pytest.mark.timeout(7200)
def test_a_run_ends_at_a_signal_in_seconds_and_goes_on_afterwards(tiny: Tiny, peace: Peace) -> None:
    told = loop(tiny, peace, 30 if NIGHTLY else 3, 0)
    sent = [f"{number.name}{times}" for number in CODES for times in ("", " twice")]
    allowed = {f"{name}: {CODES[signal.Signals[name.split()[0]]]}" for name in sent}
    late = {f"{name}: 0" for name in ("nothing", *sent)}  # the run had come to its end
    assert {name for name in told if ": " in name} <= allowed | late, told
    assert (told["not resumed"], told["differ"], told["tracebacks"]) == (0, 0, 0), told
    assert told["slowest"]["once"] <= ONCE, told
    assert told["slowest"]["twice"] <= TWICE, told


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as work:
        suite = Tiny(Path(work))
        print(json.dumps(loop(suite, in_peace(suite), int(sys.argv[1]), int(sys.argv[2])), indent=1))
