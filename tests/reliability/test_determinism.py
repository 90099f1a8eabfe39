"""One leaderboard, to the bit, whatever the order, workers, hash seed, time zone, caches or locale."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from astrobench.environment import environment
from astrobench.keys import key_of
from astrobench.plan import make_plan
from astrobench.registry import Registry
from astrobench.suite import read_suite

from reliability import NIGHTLY
from reliability.tiny import Peace, Tiny, digest

if TYPE_CHECKING:
    from pathlib import Path

BACKWARDS = (
    "--set=axes.method=['aligned', {plugin='plain', label='plain', params={seconds=0.15}}]",
    "--set=axes.perturbation=[{plugin='noise', label='noise', params={sigma=0.7}}, 'none']",
)
ONE_WORKER = ("--workers", "1")
WAYS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "cells in another order": (BACKWARDS, {}),
    "one worker": (ONE_WORKER, {}),
    "another hash seed": ((), {"PYTHONHASHSEED": "77"}),
    "another time zone": ((), {"TZ": "Pacific/Kiritimati"}),
    "fresh caches": ((), {"ASTROBENCH_CACHE": "FRESH"}),
    "another locale": ((), {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}),
}
TOGETHER = {
    "all at once": (
        tuple(word for words, _ in WAYS.values() for word in words),
        {name: value for _, more in WAYS.values() for name, value in more.items()},
    )
}


@pytest.mark.parametrize("way", WAYS if NIGHTLY else TOGETHER)
def test_one_leaderboard_hash_whatever_the_way(tiny: Tiny, peace: Peace, way: str) -> None:
    """After a resume: test_training_kills and test_signals."""
    words, more = (WAYS | TOGETHER)[way]
    surroundings = {name: str(tiny.folder / way) if value == "FRESH" else value for name, value in more.items()}
    results = tiny.folder / f"Küçük галактика 銀河, {way}" / ("d" * 200)
    assert tiny.run(results, "--quiet", *words, **surroundings) == 0, tiny.said(results)
    assert digest(results) == peace.digest


def plan(tiny: Tiny, device: str = "cpu", **over: Any) -> set[str]:
    suite = read_suite(tiny.suite, None, over)
    return set(make_plan(suite, Registry.load(), "", device).jobs)


def test_threads_dtype_and_device_class_are_in_the_key(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tiny.site)
    ways = [plan(tiny), plan(tiny, threads=2), plan(tiny, training={"precision": "bf16"}), plan(tiny, device="cuda")]
    assert len(set.union(*ways)) == sum(map(len, ways)), "two ways share a key"


def test_what_is_not_in_the_key_is_in_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    told = environment("cpu", 1)
    assert set(told) == {"python", "system", "packages", "device", "processor", "cpu", "kernels", "threads"}
    for name in ("processor", "cpu_capability"):
        with monkeypatch.context() as other:
            other.setattr(f"astrobench.environment.{name}", lambda: "another")
            assert key_of(environment("cpu", 1)) != key_of(told)
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert key_of(environment("cpu", 1)) != key_of(told)


def test_a_processor_with_tiles_has_another_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch calls it AVX512 like one without, and `one_pixel` ranks a large network in bfloat16 there."""
    import torch

    told = []
    for tiles in (True, False):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda tiles=tiles: {"amx_bf16": tiles}, raising=False)
        told.append(environment("cpu", 1)["cpu"])
    assert told == [f"{torch.backends.cpu.get_cpu_capability()}, AMX", torch.backends.cpu.get_cpu_capability()]


def test_a_network_that_was_trained_elsewhere_marks_its_rows(
    tiny: Tiny, peace: Peace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tiny.site)
    shutil.copytree(tiny.folder / "peace", tmp_path / "results")
    sweep = tiny.sweep(tmp_path / "results")
    before = {row.provenance["fingerprint"] for row in sweep.rows()}
    key = sweep.plan.cells[0].job
    kept = sweep.store.read("trainings", key)
    assert kept is not None
    sweep.store.path("trainings", key).unlink()
    sweep.store.write("trainings", key, kept["result"], {**kept["provenance"], "fingerprint": "elsewhere"})
    rows = tiny.sweep(tmp_path / "results").rows()  # another run: one reads each result once
    marks = {(row.training == key, row.provenance["fingerprint"]) for row in rows}
    (here,) = before
    assert marks == {(True, f"{here}+elsewhere"), (False, here)}
