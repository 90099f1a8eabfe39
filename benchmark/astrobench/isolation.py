"""One process a task: whatever a plugin does to its process, the driver and the neighbours go on.

A task is "module:function" and a JSON payload; its result is JSON over a pipe of its own. Children are forked from a
server that has torch imported and never touched a device, so that a task starts in hundredths of a second.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from multiprocessing import connection, get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from astrobench.errors import AstrobenchError
from astrobench.progress import watched_by

if TYPE_CHECKING:
    from collections.abc import Mapping
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

Status = Literal["ok", "refused", "plugin_error", "invalid_result", "timeout", "oom", "crashed", "interrupted"]

LARGEST_RESULT = 8 * 2**20
LARGEST_LOG = 2**20
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Task:
    """What to run. entry: "module:function", called with the payload. progress: file that tells how far it is."""

    entry: str
    payload: Mapping[str, Any]
    log: str
    progress: str
    timeout: float


@dataclass(frozen=True)
class Outcome:
    """How a task ended. "refused": an expected fault, whose sentence is for the user."""

    status: Status
    result: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


def run_isolated(task: Task, stop: threading.Event | None = None) -> Outcome:
    """Run a task in a process of its own and return how it ended; never raises for what the task does.

    The whole session of the child is killed when the time is over, when `stop` is set, and when it is done.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload(["astrobench.warm"])
    ours, theirs = context.Pipe(duplex=False)
    body = json.dumps({"entry": task.entry, "payload": task.payload, "log": task.log, "progress": task.progress})
    process = context.Process(target=_child, args=(theirs, body), daemon=False)
    _start(process)
    theirs.close()
    try:
        return _await(process, ours, time.monotonic() + task.timeout, task, stop or threading.Event())
    finally:
        _kill_session(process)
        process.join()
        ours.close()


def run_here(task: Task) -> Outcome:
    """Run a task in this process, for a debugger. A plugin's exception is told, not isolated."""
    try:
        with watched_by(_writer(Path(task.progress))):
            return Outcome("ok", _function(task.entry)(dict(task.payload)))
    except Exception as error:
        return Outcome(**_fault(error))


def _await(process: BaseProcess, pipe: Connection, deadline: float, task: Task, stop: threading.Event) -> Outcome:
    while not connection.wait([process.sentinel, pipe], 0.2):
        if stop.is_set():
            return Outcome("interrupted", reason="interrupted")
        if time.monotonic() > deadline:
            return Outcome("timeout", reason=f"took longer than {task.timeout:g} s")
    with contextlib.suppress(EOFError, OSError):
        if pipe.poll(0.1):
            return Outcome(**json.loads(pipe.recv_bytes(LARGEST_RESULT)))
    process.join(5)
    return Outcome("crashed", reason=f"the process ended {_cause(process.exitcode)}; its last words are in {task.log}")


def _cause(code: int | None) -> str:
    if code is not None and code < 0:
        return f"by signal {signal.Signals(-code).name}"
    return f"with exit code {code} and no result"


def _start(process: BaseProcess) -> None:
    """Start a child; the fork server may just have died with another one, and is then started anew."""
    for attempt in range(5):
        try:
            process.start()
            return
        except (EOFError, OSError):
            if attempt == 4:
                raise
            time.sleep(0.1 * 2**attempt)


def _kill_session(process: BaseProcess) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if process.pid is not None:
            os.killpg(process.pid, signal.SIGKILL)
    if process.is_alive():
        process.kill()


def _child(pipe: Connection, body: str) -> None:
    """Run in the child: own session, own log, die with the server, answer once."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError, AttributeError):  # Linux only
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    task = json.loads(body)
    _redirect(Path(task["log"]))
    try:
        with watched_by(_writer(Path(task["progress"]))):
            answer = _answer(_function(task["entry"])(task["payload"]))
    except BaseException as error:
        traceback.print_exc()
        answer = json.dumps(_fault(error))
    pipe.send_bytes(answer.encode())
    sys.stderr.flush()


def _answer(result: Any) -> str:
    try:
        return json.dumps({"status": "ok", "result": result}, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        return json.dumps({"status": "invalid_result", "reason": f"the result cannot be told as JSON: {error}"})


def _fault(error: BaseException) -> dict[str, Any]:
    if isinstance(error, AstrobenchError):
        return {"status": "refused", "reason": str(error)}
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return {"status": "oom", "reason": f"{type(error).__name__}: {error}"[:500]}
    return {"status": "plugin_error", "reason": f"{type(error).__name__}: {error}"[:500]}


def _function(entry: str) -> Any:
    module, name = entry.split(":")
    return getattr(importlib.import_module(module), name)


def _redirect(log: Path) -> None:
    """Send what the task and its children print to a file, and no more than fits."""
    log.parent.mkdir(parents=True, exist_ok=True)
    reader, writer = os.pipe()
    for stream in (1, 2):
        os.dup2(writer, stream)
    os.close(writer)
    sys.stdout, sys.stderr = (os.fdopen(os.dup(stream), "w", buffering=1) for stream in (1, 2))
    threading.Thread(target=_pour, args=(reader, log), daemon=True).start()


def _pour(reader: int, log: Path) -> None:
    kept = 0
    with log.open("ab") as file:
        while data := os.read(reader, 65536):
            file.write(data[: max(LARGEST_LOG - kept, 0)])
            file.flush()
            kept += len(data)


def _writer(path: Path) -> Any:
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
