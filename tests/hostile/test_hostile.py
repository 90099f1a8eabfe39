"""Twenty-eight bad plugins: each gets its class, its neighbour its result, and nobody waits a second longer."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from astrobench.errors import InfraError
from astrobench.isolation import LARGEST_LOG, Outcome, Task, run_here, run_isolated

TIMEOUT = 2.0
LATER = 1.0
"""Seconds past its deadline at which a task must be gone."""

SLOWEST = 60.0
"""A deadline for those that should end by themselves, on a machine however busy."""

ENDS = [
    ("raises", "plugin_error", "ZeroDivisionError: a plugin's own fault"),
    ("raises_what_cannot_be_told", "plugin_error", "its text cannot be told"),
    ("exits", "plugin_error", "SystemExit: 3"),
    ("is_interrupted", "plugin_error", "KeyboardInterrupt"),
    ("returns_nan", "invalid_result", "Out of range float values are not JSON compliant"),
    ("returns_none", "invalid_result", "NoneType, expected dict"),
    ("returns_a_lambda", "invalid_result", "not JSON serializable"),
    ("returns_an_array", "invalid_result", "not JSON serializable"),
    ("returns_itself", "invalid_result", "Circular"),
    ("returns_too_much", "invalid_result", "bytes, allowed are"),
    ("forges_an_answer", "invalid_result", "not written by astrobench"),
    ("closes_everything", "crashed", "exit code 1"),
    ("leaves", "crashed", "exit code 7"),
    ("leaves_as_a_dead_server_would", "crashed", "exit code 255"),
    ("segfaults", "crashed", "SIGSEGV"),
    ("aborts", "crashed", "SIGABRT"),
    ("kills_itself", "crashed", "SIGKILL"),
    ("runs_out_of_memory", "oom", "MemoryError: std::bad_alloc"),
    ("prints_while_it_holds_the_lock", "ok", ""),
    ("changes_the_world", "ok", ""),
]
HANGS = ["sleeps_with_signals_masked", "stops_itself", "holds_the_lock"]


def task(folder: Path, name: str, timeout: float = SLOWEST, memory: int = 2**40, **payload: object) -> Task:
    return Task(f"hostile.tasks:{name}", payload, str(folder / f"{name}.log"), str(folder / name), timeout, memory)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return run_isolated(task(tmp_path_factory.mktemp("alone"), "steady"))


def beside_a_neighbour(bad: Task, folder: Path) -> tuple[Outcome, Outcome, float]:
    """Run a task beside a steady one; return both outcomes and the seconds the bad one took."""

    def timed() -> tuple[Outcome, float]:
        began = time.monotonic()
        return run_isolated(bad), time.monotonic() - began

    with ThreadPoolExecutor(2) as pool:
        neighbour = pool.submit(run_isolated, task(folder, "steady", seconds=0.3))
        outcome, seconds = pool.submit(timed).result()
        return outcome, neighbour.result(), seconds


@pytest.mark.parametrize(("name", "status", "reason"), ENDS, ids=[name for name, _, _ in ENDS])
def test_every_end_has_its_class_and_the_neighbour_is_unharmed(
    tmp_path: Path, undisturbed: Outcome, name: str, status: str, reason: str
) -> None:
    outcome, neighbour, _ = beside_a_neighbour(task(tmp_path, name), tmp_path)
    assert (outcome.status, reason in outcome.reason) == (status, True), outcome
    assert neighbour == undisturbed
    assert neighbour.status == "ok"


@pytest.mark.parametrize("name", HANGS)
def test_what_hangs_is_gone_a_second_after_its_deadline(tmp_path: Path, undisturbed: Outcome, name: str) -> None:
    outcome, neighbour, seconds = beside_a_neighbour(task(tmp_path, name, TIMEOUT), tmp_path)
    assert outcome == Outcome("timeout", reason="took longer than 2 s")
    assert seconds <= TIMEOUT + LATER
    assert neighbour == undisturbed


@pytest.mark.parametrize("name", ["eats_memory", "eats_memory_in_a_child"])
def test_what_eats_memory_is_stopped_at_its_cap(tmp_path: Path, undisturbed: Outcome, name: str) -> None:
    bad = task(tmp_path, name, memory=700 * 2**20)
    outcome, neighbour, _ = beside_a_neighbour(bad, tmp_path)
    assert outcome == Outcome("oom", reason="held more than the 700 MB it may")
    assert neighbour == undisturbed


def test_a_fault_of_the_machine_is_no_outcome(tmp_path: Path) -> None:
    for run in (run_isolated, run_here):
        with pytest.raises(InfraError, match=r"No space left on device.*run the same command again to go on") as caught:
            run(task(tmp_path, "fills_the_disk"))
        assert caught.value.exit_code == 75


def test_children_are_gone_with_their_task_whatever_session_they_chose(tmp_path: Path) -> None:
    pids = run_isolated(task(tmp_path, "leaves_children")).result["pids"]
    until = time.monotonic() + 5
    while any(map(alive, pids)) and time.monotonic() < until:
        time.sleep(0.05)
    assert [pid for pid in pids if alive(pid)] == []


def test_a_flood_of_words_fills_no_disk_and_the_last_ones_are_kept(tmp_path: Path) -> None:
    assert run_isolated(task(tmp_path, "prints_a_flood", megabytes=32)).status == "ok"
    words = (tmp_path / "prints_a_flood.log").read_bytes()
    assert LARGEST_LOG // 4 < len(words) <= LARGEST_LOG
    assert words.endswith(b"the last word\n")


def test_the_stack_of_a_crash_is_in_its_log(tmp_path: Path) -> None:
    run_isolated(task(tmp_path, "segfaults"))
    assert "in segfaults" in (tmp_path / "segfaults.log").read_text()


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
