"""A disk that is full, or can only be read: nothing is torn, the fault is told by path, the run goes on afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from astrobench.errors import InfraError
from astrobench.keys import key_of
from astrobench.store import Store

from reliability import NIGHTLY
from reliability.tiny import Peace, Tiny, digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[None]:
    """Mount a disk of its own on a folder."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    folder.mkdir(exist_ok=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(store: Store, keys: list[str]) -> None:
    for key in keys:
        store.write("cells", key, {"padding": "x" * 12_000}, {})


def test_a_full_disk_is_told_with_75_and_the_run_goes_on_once_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path, "size=256k"):
        store, keys = Store(tmp_path), [key_of(number) for number in range(40)]
        with pytest.raises(InfraError, match=r"No space left on device.*run the same command again"):
            fill(store, keys)
        done = [key for key in keys if store.read("cells", key)]
        assert 5 < len(done) < 40
        assert not list(tmp_path.rglob("*.corrupt*"))
        assert not list(tmp_path.rglob(".tmp-*"))
        subprocess.run(["mount", "-o", "remount,size=4m", tmp_path], check=True)
        fill(store, keys)
        assert all(store.read("cells", key) for key in keys)


def test_a_disk_that_can_only_be_read_is_refused_before_anything_runs(tiny: Tiny, tmp_path: Path) -> None:
    results = tmp_path / "read only"
    with small_disk(results, "ro,size=64k"):
        assert tiny.run(results) == 73
        assert tiny.said(results) == (
            f"astrobench: cannot write to {results}: Read-only file system; choose another with --results\n"
        )
        assert not list(results.iterdir())


@pytest.mark.skipif(not NIGHTLY, reason="nightly: ASTROBENCH_NIGHTLY=1")
def test_a_full_disk_ends_a_run_with_75_and_the_next_one_ends_where_it_would_have(
    tiny: Tiny, peace: Peace, tmp_path: Path
) -> None:
    results = tmp_path / "full"
    size, met = 40, 0
    with small_disk(results, f"size={size}k"):
        while (code := tiny.run(results, "--quiet")) != 0:
            assert code == 75, tiny.said(results)
            assert not list(results.rglob("*.corrupt-*"))
            size, met = size + 60, met + 1
            subprocess.run(["mount", "-o", f"remount,size={size}k", results], check=True)
        assert met >= 3
        said = tiny.said(results).splitlines()
        told = [line for line in said if line.startswith("astrobench: ")]
        assert len(told) == met
        assert all("No space left on device" in line for line in told), told
        assert all("run the same command again to go on" in line for line in told), told
        assert digest(results) == peace.digest
