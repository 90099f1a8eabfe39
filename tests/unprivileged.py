"""Running code as a user whom file modes bind, also where the tests run as root."""

from __future__ import annotations

import ctypes
import os
import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_VERSION = 0x20080522  # of the kernel's capability calls


def unprivileged(function: Callable[[], Any]) -> Any:
    """Return what a function returns, or raise what it raises, on a thread without the rights of root.

    Linux keeps capabilities by thread, and threads and processes that it starts inherit its own.
    """
    if os.geteuid() != 0:
        return function()
    told: list[Any] = []

    def work() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        head, none = (ctypes.c_uint32 * 2)(_VERSION, 0), (ctypes.c_uint32 * 6)()
        if libc.capset(ctypes.byref(head), ctypes.byref(none)) != 0:
            told.append((pytest.skip.Exception("this root cannot give up its rights"), None))
            return
        try:
            told.append((None, function()))
        except BaseException as error:
            told.append((error, None))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    error, found = told[0]
    if error is not None:
        raise error
    return found


def set_modes(root: Path, *, files: int, folders: int) -> None:
    """Give every file and folder below a root, and the root, a mode."""
    for folder, _, names in os.walk(root, topdown=False):
        for name in names:
            os.chmod(os.path.join(folder, name), files)
        os.chmod(folder, folders)
