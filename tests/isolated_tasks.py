"""Tasks for test_isolation.py, each doing to its process what a bad plugin might."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from typing import Any

import astrobench
from astrobench.errors import DataError


def double(payload: dict[str, Any]) -> dict[str, Any]:
    astrobench.report("doubling", 1, 1, "done")
    return {"value": 2 * payload["value"]}


def count_threads(payload: dict[str, Any]) -> dict[str, Any]:
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_info

    return {"threads": [library["num_threads"] for library in threadpool_info()]}


def refuse(payload: dict[str, Any]) -> dict[str, Any]:
    raise DataError("no images in this folder")


def fail(payload: dict[str, Any]) -> dict[str, Any]:
    raise ZeroDivisionError("a plugin's own fault")


def leave(payload: dict[str, Any]) -> dict[str, Any]:
    os._exit(7)


def quit_politely(payload: dict[str, Any]) -> dict[str, Any]:
    sys.exit(3)


def fault(payload: dict[str, Any]) -> dict[str, Any]:
    ctypes.string_at(0)
    return {}


def hang(payload: dict[str, Any]) -> dict[str, Any]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(1)


def fork(payload: dict[str, Any]) -> dict[str, Any]:
    child = subprocess.Popen(["sleep", "60"])
    return {"pid": child.pid}


def chatter(payload: dict[str, Any]) -> dict[str, Any]:
    for _ in range(64):
        print("x" * 2**16)
    return {}


def answer_with_an_object(payload: dict[str, Any]) -> dict[str, Any]:
    return {"value": object()}
