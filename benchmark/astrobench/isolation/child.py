"""What runs in the process of a task: leave the driver's session, do the work, answer once."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import importlib
import json
import multiprocessing
import os
import signal
import sys
import time
import traceback
from multiprocessing import forkserver
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astrobench.errors import REMEDY, AstrobenchError, InfraError, cannot_name, is_infra, is_of_names
from astrobench.parallel import limit_threads
from astrobench.progress import watched_by

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

LARGEST_RESULT = 8 * 2**20
DRIVER = "ASTROBENCH_DRIVER"
"""The number of the driver's process, for the fork server that it starts."""

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def child(answers: Connection, words: Connection, body: str) -> None:
    """Run the task of a JSON body and answer with one line of JSON. words: where all that is printed goes."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _tie_to_server()
    _redirect(words)
    task = json.loads(body)
    try:
        limit_threads(1)  # a task a core; a training takes as many as its suite says
        with watched_by(progress_writer(Path(task["progress"]))):
            answer = _answer(function_of(task["entry"])(task["payload"]))
    except BaseException as error:
        with contextlib.suppress(Exception):
            traceback.print_exc()
        answer = json.dumps(fault(error))
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    data = memoryview(answer.encode("ascii") + b"\n")
    while data:
        data = data[os.write(answers.fileno(), data) :]


def fault(error: BaseException) -> dict[str, Any]:
    """Return the class of a fault and its sentence, as an outcome's fields."""
    told = f"{type(error).__name__}: {_text(error)}"[:500]
    if isinstance(error, InfraError):
        return {"status": "infra", "reason": str(error)}
    if isinstance(error, AstrobenchError):
        return {"status": "refused", "reason": str(error)}
    if is_infra(error):
        return {"status": "infra", "reason": f"{told}; {REMEDY}"}
    if isinstance(error, UnicodeEncodeError) and is_of_names(error):
        return {"status": "refused", "reason": cannot_name(error)}
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return {"status": "oom", "reason": told}
    return {"status": "plugin_error", "reason": told}


def function_of(entry: str) -> Any:
    """Return the function behind "module:function"."""
    module, name = entry.split(":")
    return getattr(importlib.import_module(module), name)


def progress_writer(path: Path) -> Any:
    """Return a watcher that leaves the newest report in a file, a few times a second."""
    last = 0.0

    def watch(activity: str, done: int, total: int, detail: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < 0.25 and done < total:
            return
        last = now
        told = {"activity": activity, "done": done, "total": total, "detail": detail}
        part = path.with_name(f".{path.name}-{os.getpid()}")
        part.write_text(json.dumps(told))
        part.replace(path)

    path.parent.mkdir(parents=True, exist_ok=True)
    return watch


def checked(result: Any) -> str:
    """Return why a result cannot be taken, or ""."""
    if not isinstance(result, dict):
        return f"the result is {type(result).__name__}, expected dict"
    try:
        size = len(json.dumps(result, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        return f"the result cannot be told as JSON: {error}"
    return f"the result has {size:,} bytes, allowed are {LARGEST_RESULT:,}" if size > LARGEST_RESULT - 1024 else ""


def _answer(result: Any) -> str:
    reason = checked(result)
    if reason:
        return json.dumps({"status": "invalid_result", "reason": reason})
    return json.dumps({"status": "ok", "result": result}, allow_nan=False)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as another:  # an exception may be a plugin's own class, and as faulty as the rest of it
        return f"(its text cannot be told: {type(another).__name__})"


def _tie_to_server() -> None:
    """Die with the server, which dies with the driver; take in the descendants that lost their parent."""
    die_with_parent(wanted=True)
    with contextlib.suppress(OSError, AttributeError):  # Linux only
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _let_the_server_end()
    driver = multiprocessing.parent_process()
    if driver is not None and not driver.is_alive():  # it died before the lines above
        os._exit(1)


def die_with_parent(*, wanted: bool) -> None:
    """Be killed when the thread that started this process ends, or no longer. On Linux only."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL if wanted else 0)
    driver = os.environ.get(DRIVER)
    if wanted and driver and multiprocessing.parent_process() is None and driver != str(os.getppid()):
        os._exit(1)  # this is a fork server, and its driver died before the lines above


def _let_the_server_end() -> None:
    """Let go of the pipe by which the server sees that somebody needs it: the driver alone does.

    Python gives it to every child, so that a server outlives a killed driver for as long as its longest task. The
    number stays open, for a task that starts processes through the same server hands it on.
    """
    needed = getattr(forkserver._forkserver, "_forkserver_alive_fd", None)
    if needed is not None:
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, needed, inheritable=False)
        os.close(nothing)


def _redirect(words: Connection) -> None:
    """Send what the task and its children print to the driver, with the stack of a crash."""
    for stream in (1, 2):
        os.dup2(words.fileno(), stream)
    words.close()
    sys.stdout, sys.stderr = (os.fdopen(os.dup(stream), "w", buffering=1, errors="replace") for stream in (1, 2))
    faulthandler.enable(file=2)
