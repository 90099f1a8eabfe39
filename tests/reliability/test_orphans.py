"""A driver that is killed takes all it started with it, however long its tasks would have taken."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reliability.processes import MARK, left_after, marked

if TYPE_CHECKING:
    from collections.abc import Callable


pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")


def started(folder: Path, mark: str, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "reliability.hanging", folder, *words]
    surroundings = {**os.environ, MARK: mark, "PYTHONPATH": str(folder)}
    return subprocess.Popen(command, env=surroundings, cwd=Path(__file__).parents[1])


def wait_for(there: Callable[[], object]) -> None:
    until = time.monotonic() + 60
    while not there():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_killed_driver_leaves_no_task_behind(tmp_path: Path) -> None:
    mark = os.urandom(8).hex()
    driver = started(tmp_path, mark)
    wait_for((tmp_path / "begun").exists)
    assert len(marked(mark)) == 4, "driver, tracker, fork server, task"
    driver.kill()
    driver.wait()
    assert left_after(mark, 12.0) == []


def test_a_killed_driver_leaves_no_server_behind_that_is_still_loading(tmp_path: Path) -> None:
    mark, torch = os.urandom(8).hex(), tmp_path / "torch.py"
    torch.write_text("import pathlib, time\npathlib.Path(__file__).with_name('loading').touch()\ntime.sleep(600)\n")
    driver = started(tmp_path, mark, "astrobench.warm")
    wait_for((tmp_path / "loading").exists)
    driver.kill()
    driver.wait()
    assert left_after(mark, 12.0) == []
