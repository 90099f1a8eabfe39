"""Whatever the disk says at whatever call, and wherever the process dies: the old file or the new, never another."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from astrobench.errors import InfraError
from astrobench.keys import key_of
from astrobench.store import Store
from astrobench.writing import write_atomically

from reliability import NIGHTLY, faulty

if TYPE_CHECKING:
    from pathlib import Path

OLD = b"old" * 10
CALLS = ("open", "write", "fsync", "link", "replace", "unlink", "close")
ERRORS = ("EIO", "ENOSPC", "EDQUOT", "EROFS", "EACCES")


def whole(path: Path, before: bytes | None) -> bool:
    now = path.read_bytes() if path.exists() else None
    return now in (before, faulty.NEW)


def left_behind(folder: Path) -> list[Path]:
    return list(folder.glob(".tmp-*"))


@pytest.mark.parametrize("mode", ["KEEP", "REPLACE"])
@pytest.mark.parametrize("error", ERRORS)
def test_an_error_at_any_call_is_told_and_tears_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, error: str
) -> None:
    met = 0
    for call in CALLS:
        for number in itertools.count(1):
            path = tmp_path / f"{call}-{number}" / "file"
            path.parent.mkdir()
            before = OLD if mode == "REPLACE" else None
            if before:
                path.write_bytes(before)
            with monkeypatch.context() as patch:
                patch.setattr(os, call, getattr(os, call))  # so that the wrapper is taken off again
                used = faulty.fail_at(call, error, number)
                told = _written(path, mode)
            if used[0] < number:
                break
            met += 1
            assert whole(path, before)
            assert told or path.read_bytes() == faulty.NEW, f"{call} {number} was lost in silence"
            if call != "unlink":
                assert left_behind(path.parent) == []
    assert met >= 7


def _written(path: Path, mode: str) -> bool:
    """Write; return whether a fault was told, by name."""
    try:
        write_atomically(path, faulty.NEW, replace=mode == "REPLACE")
    except InfraError as fault:
        return str(path) in str(fault) and fault.exit_code == 75
    return False


@pytest.mark.parametrize("mode", ["KEEP", "REPLACE"])
def test_a_process_killed_at_any_call_leaves_the_old_or_the_new(tmp_path: Path, mode: str) -> None:
    killed = 0
    for call in CALLS:
        for number in itertools.count(1):
            path = tmp_path / f"{call}-{number}" / "file"
            path.parent.mkdir()
            before = OLD if mode == "REPLACE" else None
            if before:
                path.write_bytes(before)
            pid = os.fork()
            if pid == 0:
                os._exit(_faulty_child(path, mode, call, number))
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            if code == 3:
                break
            assert code == -9
            killed += 1
            assert whole(path, before)
            write_atomically(path, faulty.NEW, replace=True)
            assert path.read_bytes() == faulty.NEW
    assert killed >= 7


def _faulty_child(path: Path, mode: str, call: str, number: int) -> int:
    try:
        return faulty.main(str(path), mode, call, "kill", str(number))
    except BaseException:
        return 4


def test_short_writes_are_carried_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole_write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: whole_write(descriptor, bytes(data)[:4099]))
    write_atomically(tmp_path / "file", faulty.NEW)
    monkeypatch.undo()
    assert (tmp_path / "file").read_bytes() == faulty.NEW


def test_the_file_is_synced_before_it_has_its_name_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    def noted(name: str) -> Any:
        real = getattr(os, name)
        return lambda *words, **more: (order.append(name), real(*words, **more))[1]

    for name in ("write", "fsync", "link", "replace"):
        monkeypatch.setattr(os, name, noted(name))
    write_atomically(tmp_path / "kept", b"x")
    write_atomically(tmp_path / "replaced", b"x", replace=True)
    assert order == ["write", "fsync", "link", "fsync", "write", "fsync", "replace", "fsync"]


def test_a_file_system_without_links_or_folder_sync_still_keeps_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*words: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    assert write_atomically(tmp_path / "file", b"first")
    assert not write_atomically(tmp_path / "file", b"second")
    assert (tmp_path / "file").read_bytes() == b"first"


def test_a_handle_that_another_machine_made_stale_is_opened_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, read, left = Store(tmp_path), os.read, [0]
    store.write("cells", key_of("cell"), {"accuracy": 0.5}, {})

    def stale(descriptor: int, size: int) -> bytes:
        left[0] -= 1
        if left[0] >= 0:
            raise OSError(errno.ESTALE, "Stale file handle")
        return read(descriptor, size)

    monkeypatch.setattr(os, "read", stale)
    left[0] = 2
    assert store.read("cells", key_of("cell")) is not None
    left[0] = 3
    with pytest.raises(InfraError, match="Stale file handle"):
        store.read("cells", key_of("cell"))


@pytest.mark.parametrize("name", ["with space", "Küçük-галактика-銀河", "d" * 200, "a\nb"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    store = Store(tmp_path / name / name)
    store.prepare()
    store.write("cells", key_of("cell"), {"accuracy": 0.5}, {})
    assert store.read("cells", key_of("cell")) is not None


SYSCALLS = ("openat", "write", "fsync", "linkat", "link", "unlink", "close")


def traced(folder: Path, call: str, *inject: str) -> tuple[int, list[str]]:
    """Write a file in an empty folder under strace; return the exit code and the traced calls."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    log = folder.with_name("strace")
    words = [sys.executable, "-B", faulty.__file__, folder / "file", "KEEP", "open", "EIO", "999"]
    strace = ["strace", "-qq", "-y", "-o", log, f"--trace={call}", *inject]
    surroundings = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run([*strace, *words], capture_output=True, env=surroundings, check=False)
    return done.returncode, [line for line in log.read_text().splitlines() if line.startswith(call)]


@pytest.mark.skipif(not NIGHTLY, reason="nightly: ASTROBENCH_NIGHTLY=1")
@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("fault", ["signal=SIGKILL", "error=EIO", "error=ENOSPC", "error=EINTR"])
def test_the_kernel_s_own_errors_at_any_call_tear_nothing(tmp_path: Path, fault: str) -> None:
    """The same through strace, below Python: each system call that names the folder or a file in it."""
    folder, met = tmp_path / "folder", 0
    for call in SYSCALLS:
        _, calls = traced(folder, call)
        for number in [number for number, line in enumerate(calls, 1) if str(folder) in line]:
            code, _ = traced(folder, call, f"--inject={call}:{fault}:when={number}")
            met += 1
            assert whole(folder / "file", None)
            assert code in (3, 75, -9, 137), (call, number)
            assert code != 3 or (folder / "file").read_bytes() == faulty.NEW, (call, number)
    assert met >= 7
    print(f"{fault}: {met} injected")
