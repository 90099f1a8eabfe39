"""A folder that this process cannot read any more, nor any process it starts: by Landlock, on Linux from 5.19 on.

Landlock allows and never denies, so everything beside the folder is allowed, on each level from the root down. What
is made later right beside it, or beside one of its parents, cannot be read back either (below a folder that is there
it can): temporary files therefore move to a folder of their own.
"""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_READ_FILE, _REFER = 1 << 2, 1 << 13  # to move from folder to folder is refused unless it is allowed
_VERSION, _WITH_REFER = 1, 2
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def hide(folder: Path) -> bool:
    """Let no file below a folder be opened for reading by this thread or what it starts; say whether that worked.

    Nothing happens where the kernel has no Landlock, or with ASTROBENCH_FENCE=0.
    """
    if not sys.platform.startswith("linux") or os.environ.get("ASTROBENCH_FENCE") == "0":
        return False
    libc, folder = ctypes.CDLL(None, use_errno=True), folder.resolve()
    handled = ctypes.c_uint64(_READ_FILE | _REFER)
    known = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    rules = libc.syscall(_CREATE_RULESET, ctypes.byref(handled), ctypes.c_size_t(8), 0) if known >= _WITH_REFER else -1
    if rules < 0:
        return False
    try:
        _make_room(folder)
        for path in _beside(folder):
            _allow(libc, rules, path)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        return bool(libc.syscall(_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


def _make_room(folder: Path) -> None:
    # What programs make at will and read back: temporary files, and what they download.
    temporary = Path(tempfile.gettempdir()).resolve()
    if temporary in folder.parents:
        own = temporary / f"astrobench-{os.getuid()}"
        with suppress(FileExistsError):
            own.mkdir(0o700)
        if own.is_symlink() or own.stat().st_uid != os.getuid():
            own = Path(tempfile.mkdtemp(prefix="astrobench-"))
        tempfile.tempdir = os.environ["TMPDIR"] = str(own)
    with suppress(OSError, RuntimeError):
        (Path.home() / ".cache").mkdir(exist_ok=True)


def _beside(folder: Path) -> list[Path]:
    """Return everything that is neither the folder nor one of its parents, as few paths as can say it."""
    found: list[Path] = []
    for inner in (folder, *folder.parents[:-1]):
        with suppress(OSError):
            found += [path for path in inner.parent.iterdir() if path != inner]
    return found


def _allow(libc: ctypes.CDLL, rules: int, path: Path) -> None:
    with suppress(OSError):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC | os.O_NOFOLLOW)  # a link may lead to a parent of what is hidden
        try:
            rights = _READ_FILE | _REFER if path.is_dir() else _READ_FILE
            rule = _Beneath(rights, place)
            libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, ctypes.byref(rule), 0)
        finally:
            os.close(place)
