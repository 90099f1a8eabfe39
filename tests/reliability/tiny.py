"""A tiny suite with a real training, run by the real command: what a test starts, disturbs and compares."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from astrobench.engine import Options, Sweep
from astrobench.plan import make_plan
from astrobench.registry import Registry
from astrobench.store import Store
from astrobench.suite import read_suite

from reliability.processes import MARK

TESTS = Path(__file__).parents[1]
SUITE = """
name = "tiny"
version = 1
title = "Tiny"
reference = "plain"
metrics = ["right"]

[axes]
dataset = ["blobs"]
domain = ["here", "there"]
architecture = ["dot"]
method = [{ plugin = "plain", label = "plain", params = { seconds = SECONDS } }, "aligned"]
perturbation = ["none", { plugin = "noise", label = "noise", params = { sigma = 0.7 } }]
seed = [0]

[training]
epochs = 8
checkpoints = 2
batch_size = 16

[predict]
cka_images = 0

[rank]
domain = "there"

[[columns]]
title = "Accuracy"
score = "accuracy"
domain = "there"
percent = true
help = "fraction right"
"""
TRAININGS, CELLS, EPOCHS = 2, 8, 8


class Tiny:
    """The suite in a folder, with the distribution of its plugins beside it. seconds: what an epoch takes at least."""

    def __init__(self, folder: Path, seconds: float = 0.15) -> None:
        self.folder, self.suite = folder, folder / "tiny.toml"
        self.suite.write_text(SUITE.replace("SECONDS", str(seconds)))
        info = folder / "site" / "tiny-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[astrobench]\ntiny = reliability.tiny_plugins\n")

    def surroundings(self, mark: str = "", **more: str) -> dict[str, str]:
        """Return the environment of a run. mark: what its processes can be found by."""
        paths = [str(TESTS), str(self.folder / "site"), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1", MARK: mark, **more}

    def start(self, results: Path, *words: str, mark: str = "", **more: str) -> subprocess.Popen[str]:
        """Start a run in a session of its own; its words go to a log beside the results."""
        command = [sys.executable, "-m", "astrobench", "run", "--suite", str(self.suite), "--results", str(results)]
        log = self.folder / f"{results.name.encode().hex()[:40]}.log"
        with log.open("ab") as file:
            return subprocess.Popen(
                [*command, "--workers", "2", *words], env=self.surroundings(mark, **more), cwd=self.folder, text=True,
                stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True,
            )  # fmt: skip

    def run(self, results: Path, *words: str, **more: str) -> int:
        """Run to the end; return the exit code."""
        return self.start(results, *words, **more).wait(300)

    def sweep(self, results: Path, **axes: Any) -> Sweep:
        """Return the sweep for this process, whose path must have `site` on it. axes: instead of the suite's."""
        metrics = axes.pop("metrics", ["right"])
        suite = read_suite(self.suite, None, {"axes": axes, "metrics": metrics})
        return Sweep(make_plan(suite, Registry.load(), "", "cpu"), Store(results), Options(workers=2))

    @property
    def site(self) -> Path:
        """The folder that has the distribution's metadata."""
        return self.folder / "site"

    def said(self, results: Path) -> str:
        """Return all that runs on these results have printed."""
        return (self.folder / f"{results.name.encode().hex()[:40]}.log").read_text(errors="replace")


class Peace(NamedTuple):
    """What a run that nobody touches comes to: its digest, and the seconds it takes."""

    digest: str
    seconds: float


def in_peace(tiny: Tiny) -> Peace:
    """Run the suite once, and touch nothing."""
    results, began = tiny.folder / "peace", time.monotonic()
    assert tiny.run(results, "--quiet") == 0, tiny.said(results)
    return Peace(digest(results), time.monotonic() - began)


def digest(results: Path) -> str:
    """Return one hash of the weights, predictions, numbers and leaderboard of a results directory, bit for bit."""
    all_kept = {kind: kept(results, kind) for kind in ("datasets", "trainings", "cells", "scores")}
    table = (results / "leaderboards" / "tiny" / "table.csv").read_text()
    return hashlib.sha256(json.dumps([all_kept, table], sort_keys=True).encode()).hexdigest()


def counted(folder: Path) -> dict[str, int]:
    """Return how often each costly thing was done under MARKS."""
    kinds = [path.name.rsplit("-", 1)[0] for path in folder.iterdir()]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def kept(results: Path, kind: str) -> dict[str, Any]:
    """Return the results of a kind by key: "trainings", "cells", "scores"."""
    paths = sorted((results / kind).glob("??/*.json"))
    return {path.stem: json.loads(path.read_bytes())["body"]["result"] for path in paths}
