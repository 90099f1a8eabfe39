"""Two runs on one results directory share the work; when one of them dies, the other takes over."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from astrobench import claims
from astrobench.claims import STALE, Claims

from reliability import NIGHTLY
from reliability.tiny import CELLS, EPOCHS, TRAININGS, Peace, Tiny, counted, digest
from reliability.tiny_parts import MARKS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("runs", [2, pytest.param(4, marks=pytest.mark.skipif(not NIGHTLY, reason="nightly"))])
def test_runs_at_once_on_one_directory_share_the_work(tiny: Tiny, peace: Peace, tmp_path: Path, runs: int) -> None:
    shared, marks = tiny.folder / f"shared-{runs}", {MARKS: str(tmp_path)}
    started = [tiny.start(shared, "--quiet", "--workers", "1", **marks) for _ in range(runs)]
    assert [run.wait(600) for run in started] == [0] * runs, tiny.said(shared)
    assert digest(shared) == peace.digest
    for pattern in (".tmp-*", ".probe-*", "claims/*", "conflicts/*", "*.corrupt-*"):
        assert list(shared.rglob(pattern)) == []
    done = counted(tmp_path)
    assert done["cell"] <= 1.1 * CELLS / 2, f"half of the cells have noise: {done}"
    assert done["network"] <= 1.1 * 2 * TRAININGS, f"built once to learn and once, anew, to be tested: {done}"
    assert done["epoch"] <= 1.1 * EPOCHS, f"one of the two methods marks its epochs: {done}"


@pytest.fixture
def clock() -> list[float]:
    return [1000.0]


def owner(folder: Path, clock: list[float], **differently: object) -> Claims:
    """Return the claims of a run; with a `place` of its own, of a run on another machine."""
    own = Claims(folder, clock=lambda: clock[0])
    if differently:
        whole = own._words
        own._words = lambda beats: json.dumps({**json.loads(whole(beats)), **differently}, sort_keys=True).encode()
    return own


def test_what_one_run_claims_no_other_takes_until_it_lets_go(tmp_path: Path, clock: list[float]) -> None:
    one, other = owner(tmp_path, clock), owner(tmp_path, clock)
    assert one.take("work")
    assert not other.take("work")
    clock[0] += 10 * STALE
    assert not other.take("work"), "its owner is seen to live on this machine, however long it says nothing"
    one.drop("work")
    assert other.take("work")


def test_what_a_dead_process_claimed_is_taken_over_at_once(tmp_path: Path, clock: list[float]) -> None:
    pid = os.fork()
    if pid == 0:
        owner(tmp_path, clock).take("work")
        os._exit(0)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert owner(tmp_path, clock).take("work"), "its owner is a zombie"
    os.waitpid(pid, 0)


def test_a_process_that_has_the_number_of_a_dead_one_is_not_taken_for_it(tmp_path: Path, clock: list[float]) -> None:
    owner(tmp_path, clock, born="1").take("work")
    assert owner(tmp_path, clock).take("work")


def test_a_claim_on_another_machine_is_stale_when_it_stays_as_it_is(tmp_path: Path, clock: list[float]) -> None:
    far, near = owner(tmp_path, clock, place="another machine"), owner(tmp_path, clock)
    assert far.take("work")
    for _ in range(5):
        clock[0] += STALE - 1
        far.beat()
        assert not near.take("work")
    clock[0] += STALE - 1
    assert not near.take("work")
    clock[0] += 2
    assert near.take("work")


@pytest.mark.parametrize("words", [b"", b"{", b"[]", b"{}", b"\xff", b'{"place": {}, "pid": "x"}', b"[" * 100_000])
def test_a_damaged_claim_is_stale_when_it_stays_as_it_is(tmp_path: Path, clock: list[float], words: bytes) -> None:
    (tmp_path / "work").write_bytes(words)
    one = owner(tmp_path, clock)
    assert not one.take("work")
    clock[0] += STALE + 1
    assert one.take("work")


def test_a_run_shows_that_it_lives_no_more_often_than_it_must(tmp_path: Path, clock: list[float]) -> None:
    one = owner(tmp_path, clock)
    one.take("work")
    seen = set()
    for _ in range(100):
        clock[0] += claims.BEAT / 10
        one.beat()
        seen.add((tmp_path / "work").read_bytes())
    assert 8 <= len(seen) <= 12
