"""Whatever a task does to its process, the driver learns how it ended and goes on."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest
from astrobench.isolation import LARGEST_LOG, Outcome, Task, run_here, run_isolated
from astrobench.parallel import THREADS


def task(folder: Path, name: str, timeout: float = 60.0, **payload: object) -> Task:
    return Task(f"isolated_tasks:{name}", payload, str(folder / "log"), str(folder / "progress"), timeout)


@pytest.fixture(autouse=True)
def _on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


def test_a_result_comes_back_and_progress_is_left(tmp_path: Path) -> None:
    assert run_isolated(task(tmp_path, "double", value=21)) == Outcome("ok", {"value": 42})
    assert json.loads((tmp_path / "progress").read_text())["activity"] == "doubling"
    assert run_here(task(tmp_path, "double", value=1)).result == {"value": 2}


def test_a_task_takes_one_thread_unless_it_asks_for_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two tasks of two threads each on two cores wait for one another."""
    for name in THREADS:
        monkeypatch.setenv(name, "2")
    threads = run_isolated(task(tmp_path, "count_threads")).result["threads"]
    assert len(threads) >= 2
    assert set(threads) == {1}


@pytest.mark.parametrize(
    ("name", "status", "reason"),
    [
        ("refuse", "refused", "no images in this folder"),
        ("fail", "plugin_error", "ZeroDivisionError: a plugin's own fault"),
        ("quit_politely", "plugin_error", "SystemExit: 3"),
        ("leave", "crashed", "exit code 7"),
        ("fault", "crashed", "SIGSEGV"),
        ("answer_with_an_object", "invalid_result", "not JSON serializable"),
    ],
)
def test_every_end_has_its_class(tmp_path: Path, name: str, status: str, reason: str) -> None:
    outcome = run_isolated(task(tmp_path, name))
    assert outcome.status == status
    assert reason in outcome.reason


def test_a_task_that_hangs_and_masks_sigterm_is_killed_in_time(tmp_path: Path) -> None:
    began = time.monotonic()
    outcome = run_isolated(task(tmp_path, "hang", timeout=1.0))
    assert outcome == Outcome("timeout", reason="took longer than 1 s")
    assert time.monotonic() - began < 1.0 + 5.0  # five for a busy machine; nothing waits longer than 0.2 s


def test_stopping_kills_what_runs(tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    assert run_isolated(task(tmp_path, "hang"), stop).status == "interrupted"


def test_children_of_a_task_do_not_outlive_it(tmp_path: Path) -> None:
    outcome = run_isolated(task(tmp_path, "fork"))
    deadline = time.monotonic() + 5
    while _alive(outcome.result["pid"]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(outcome.result["pid"])


def test_a_flood_of_words_fills_no_disk(tmp_path: Path) -> None:
    assert run_isolated(task(tmp_path, "chatter")).status == "ok"
    assert 0 < (tmp_path / "log").stat().st_size <= LARGEST_LOG


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]
    except OSError:
        return False


def test_this_process_is_not_a_session_leader_of_its_tasks(tmp_path: Path) -> None:
    before = os.getsid(0)
    run_isolated(task(tmp_path, "double", value=1))
    assert os.getsid(0) == before
