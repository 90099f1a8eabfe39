"""A driver that is killed takes all it started with it, however long its tasks would have taken."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reliability.processes import MARK, left_after, marked


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_a_killed_driver_leaves_no_task_behind(tmp_path: Path) -> None:
    mark = os.urandom(8).hex()
    words = [sys.executable, "-m", "reliability.hanging", tmp_path]
    driver = subprocess.Popen(words, env={**os.environ, MARK: mark}, cwd=Path(__file__).parents[1])
    until = time.monotonic() + 60
    while not (tmp_path / "begun").exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    assert len(marked(mark)) == 4, "driver, tracker, fork server, task"
    driver.kill()
    driver.wait()
    assert left_after(mark, 12.0) == []
