"""The driver's side of a task: start it, listen, keep its deadline and its memory, and say how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from multiprocessing import connection, get_context, resource_tracker
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from astrobench.errors import InfraError
from astrobench.isolation.child import DRIVER, LARGEST_RESULT, checked, child, fault, function_of, progress_writer
from astrobench.isolation.log import BoundedLog
from astrobench.isolation.session import Session, memory_share
from astrobench.isolation.sockets import keep_socket_short
from astrobench.progress import watched_by

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

Status = Literal["ok", "refused", "plugin_error", "invalid_result", "timeout", "oom", "crashed", "interrupted"]

PRELOADED = ("astrobench.warm",)
LOOK_EVERY = 0.2
SERVER_GONE = 255
"""What Python gives as exit code when the fork server died, and its children with it."""


@dataclass(frozen=True)
class Task:
    """What to run. entry: "module:function", called with the payload. progress: file that tells how far it is.

    timeout: seconds. memory: bytes that its processes may hold together; see `memory_share`.
    """

    entry: str
    payload: Mapping[str, Any]
    log: str
    progress: str
    timeout: float
    memory: int = field(default_factory=memory_share)


@dataclass(frozen=True)
class Outcome:
    """How a task ended. "refused": an expected fault, whose sentence is for the user."""

    status: Status
    result: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


def run_isolated(task: Task, stop: threading.Event | None = None) -> Outcome:
    """Run a task in a process of its own and return how it ended.

    All processes of the task are killed when the time is over, when they hold too much memory, when `stop` is set,
    and when it is done. Raises InfraError, and nothing else, when the machine and not the task is at fault.
    """
    stop = stop or threading.Event()
    try:
        outcome = _run_once(task, stop)
        return outcome or _run_once(task, stop) or Outcome("crashed", reason=_last_words(SERVER_GONE, task))
    except OSError as error:
        raise InfraError.of("run a task", task.log, error) from error


def run_here(task: Task) -> Outcome:
    """Run a task in this process, for a debugger. A plugin's exception is told, not isolated. Raises InfraError."""
    try:
        with watched_by(progress_writer(Path(task.progress))):
            result = function_of(task.entry)(dict(task.payload))
    except Exception as error:
        return _judged(fault(error))
    reason = checked(result)
    return Outcome("invalid_result", reason=reason) if reason else Outcome("ok", result)


def _run_once(task: Task, stop: threading.Event) -> Outcome | None:
    """Run a task; None when its server died under it, which is nobody's fault."""
    context = get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    keep_socket_short()
    (answers, theirs), (words, their_words) = context.Pipe(duplex=False), context.Pipe(duplex=False)
    body = json.dumps({"entry": task.entry, "payload": task.payload, "progress": task.progress})
    process = context.Process(target=child, args=(theirs, their_words, body), daemon=False)
    watch = None
    Path(task.progress).unlink(missing_ok=True)  # of a run that was killed
    try:
        _start(process)
        theirs.close()
        their_words.close()
        watch = _Watch(task, process, answers, words)
        return watch.to_the_end(stop)
    finally:
        if watch is not None:
            watch.close()
        for pipe in (answers, theirs, words, their_words):
            pipe.close()


class _Watch:
    """One child from its start to its end."""

    def __init__(self, task: Task, process: BaseProcess, answers: Connection, words: Connection) -> None:
        self.task, self.process, self.answers, self.words = task, process, answers, words
        self.deadline = time.monotonic() + task.timeout
        self.session = Session(process.pid or 0)
        self.log = BoundedLog(task.log)
        self.answer = b""
        self.heard: list[Any] = [process.sentinel, answers, words]
        for pipe in (answers, words):
            os.set_blocking(pipe.fileno(), False)

    def to_the_end(self, stop: threading.Event) -> Outcome | None:
        looked = time.monotonic()
        while True:
            ready = connection.wait(self.heard, LOOK_EVERY)
            self._listen()
            if self.answer.endswith(b"\n") or self.process.sentinel in ready:
                return self._ended()
            if len(self.answer) > LARGEST_RESULT:
                return Outcome("invalid_result", reason=f"the answer has more than {LARGEST_RESULT:,} bytes")
            if stop.is_set():
                return Outcome("interrupted", reason="interrupted")
            if time.monotonic() > self.deadline:
                return Outcome("timeout", reason=f"took longer than {self.task.timeout:g} s")
            if time.monotonic() - looked > LOOK_EVERY:
                looked = time.monotonic()
                if self._too_large():
                    return Outcome("oom", reason=f"held more than the {self.task.memory / 2**20:,.0f} MB it may")

    def close(self) -> None:
        """Kill what is left and keep its last words."""
        self.session.kill()
        if self.process.is_alive():
            self.process.kill()
        self.process.join()
        self.log.add(_read(self.words)[0])
        self.log.close()

    def _listen(self) -> None:
        answer, answering = _read(self.answers, LARGEST_RESULT)
        said, talking = _read(self.words)
        self.answer += answer
        self.log.add(said)
        pipes = [pipe for pipe, more in ((self.answers, answering), (self.words, talking)) if more]
        self.heard = [self.process.sentinel, *pipes]  # a closed pipe would be ready for ever

    def _too_large(self) -> bool:
        return self.session.memory() > self.task.memory and self.session.own_memory() > self.task.memory

    def _ended(self) -> Outcome | None:
        if not self.answer.endswith(b"\n"):
            self.process.join(5)
            self.answer += _read(self.answers, LARGEST_RESULT)[0]
        if self.answer:
            try:
                return _judged(json.loads(self.answer))
            except (ValueError, TypeError, KeyError, RecursionError):
                return Outcome("invalid_result", reason="the answer was not written by astrobench")
        if self.process.exitcode == SERVER_GONE:
            return None
        return Outcome("crashed", reason=_last_words(self.process.exitcode, self.task))


def _judged(body: Any) -> Outcome:
    """Return the outcome that a child tells. Raises InfraError for a fault of the machine, ValueError for nonsense."""
    status, result, reason = body["status"], body.get("result", {}), str(body.get("reason", ""))
    if status == "infra":
        raise InfraError(reason)
    if status not in ("ok", "refused", "plugin_error", "invalid_result", "oom") or not isinstance(result, dict):
        raise ValueError("not an outcome")
    return Outcome(status, result, reason)


def _read(pipe: Connection, most: int = 2**20) -> tuple[bytes, bool]:
    """Return what lies in a pipe, and whether more may come."""
    data = bytearray()
    with contextlib.suppress(BlockingIOError):
        while len(data) <= most:
            piece = os.read(pipe.fileno(), 2**16)
            if not piece:
                return bytes(data), False
            data += piece
    return bytes(data), True


def _last_words(code: int | None, task: Task) -> str:
    return f"the process ended {_cause(code)}; its last words are in {task.log}"


def _cause(code: int | None) -> str:
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return f"by signal {signal.Signals(-code).name}"
    return f"with exit code {code} and no result"


def _start(process: BaseProcess) -> None:
    """Start a child; the fork server may just have died with another one, and is then started anew."""
    for attempt in range(5):
        try:
            with _no_ctrl_c():
                process.start()
            return
        except (EOFError, OSError) as error:
            if attempt == 4:
                raise OSError(getattr(error, "errno", None), f"cannot start a process: {error}") from error
            time.sleep(0.1 * 2**attempt)


@contextlib.contextmanager
def _no_ctrl_c() -> Iterator[None]:
    """Start a server that a Ctrl-C does not reach while it loads: the driver ends it, in order."""
    os.environ[DRIVER] = str(os.getpid())
    resource_tracker.ensure_running()  # first, for when it starts, it lets this thread have the signal again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
