"""What plugins do to their process, by malice or by mistake. Each is a task for test_hostile.py."""

from __future__ import annotations

import ctypes
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np

Payload = dict[str, Any]


def steady(payload: Payload) -> Payload:
    """A neighbour that does its work: what it draws and where it stands tell whether anybody changed its process."""
    rng = random.getstate()[1][:3], np.get_printoptions()["precision"]
    time.sleep(payload.get("seconds", 0.0))
    surroundings = [os.getcwd(), os.environ.get("HOSTILE", ""), threading.active_count(), sys.getrecursionlimit()]
    return {"drawn": [rng[1], *surroundings], "sum": sum(range(1000))}


def raises(payload: Payload) -> Payload:
    raise ZeroDivisionError("a plugin's own fault")


def raises_what_cannot_be_told(payload: Payload) -> Payload:
    class FaultyError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

        def __reduce__(self) -> Any:
            raise RuntimeError

    raise FaultyError


def exits(payload: Payload) -> Payload:
    sys.exit(3)


def is_interrupted(payload: Payload) -> Payload:
    raise KeyboardInterrupt


def returns_nan(payload: Payload) -> Payload:
    return {"accuracy": float("nan")}


def returns_none(payload: Payload) -> Any:
    return None


def returns_a_lambda(payload: Payload) -> Payload:
    return {"accuracy": lambda: 1}


def returns_an_array(payload: Payload) -> Payload:
    return {"accuracy": np.ones(3)}


def returns_itself(payload: Payload) -> Payload:
    payload["again"] = payload
    return payload


def returns_too_much(payload: Payload) -> Payload:
    return {"text": "x" * 2**24}


def forges_an_answer(payload: Payload) -> Payload:
    """Write nonsense to whatever pipe is open, then stay."""
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b'{"status": "ok", "result": 1e999}\n')
        except OSError:
            continue
    time.sleep(600)
    return {}


def closes_everything(payload: Payload) -> Payload:
    os.closerange(0, 256)
    return {}


def leaves(payload: Payload) -> Payload:
    os._exit(7)


def leaves_as_a_dead_server_would(payload: Payload) -> Payload:
    os._exit(255)


def segfaults(payload: Payload) -> Payload:
    ctypes.string_at(0)
    return {}


def aborts(payload: Payload) -> Payload:
    os.abort()


def kills_itself(payload: Payload) -> Payload:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def sleeps_with_signals_masked(payload: Payload) -> Payload:
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP})
    while True:
        time.sleep(1)


def stops_itself(payload: Payload) -> Payload:
    os.kill(os.getpid(), signal.SIGSTOP)
    return {}


def holds_the_lock(payload: Payload) -> Payload:
    """Match for years in C, where no other thread of the process can run."""
    re.match(r"(a+)+$", "a" * 64 + "b")
    return {}


def prints_while_it_holds_the_lock(payload: Payload) -> Payload:
    """Write more than a pipe holds, from C and with the interpreter's lock."""
    libc = ctypes.PyDLL(None)
    for _ in range(8):
        libc.write(1, b"y" * 2**16, 2**16)
    return {"printed": True}


def eats_memory(payload: Payload) -> Payload:
    kept = []
    while True:
        kept.append(np.ones(2**22))  # 32 MB, touched
        time.sleep(0.01)


def eats_memory_in_a_child(payload: Payload) -> Payload:
    code = "import time\nkept = []\nwhile True:\n    kept.append(bytearray(b'x' * 2**25)); time.sleep(0.01)"
    subprocess.run([sys.executable, "-c", code], check=False)
    return {}


def runs_out_of_memory(payload: Payload) -> Payload:
    raise MemoryError("std::bad_alloc")


def fills_the_disk(payload: Payload) -> Payload:
    raise OSError(28, "No space left on device", "/somewhere")


def leaves_children(payload: Payload) -> Payload:
    """Leave three behind: one plain, one in its own group, one in its own session whose parent is gone."""
    pids = [subprocess.Popen(["sleep", "60"]).pid, subprocess.Popen(["sleep", "60"], process_group=0).pid]
    told = subprocess.run(
        ["sh", "-c", "setsid sleep 60 >/dev/null 2>&1 & echo $!"], stdout=subprocess.PIPE, text=True, check=True
    )
    time.sleep(0.3)
    return {"pids": [*pids, int(told.stdout)]}


def prints_a_flood(payload: Payload) -> Payload:
    for _ in range(payload["megabytes"]):
        sys.stdout.write("\x1b[31mx" * (2**20 // 6))
    print("the last word")
    return {}


def changes_the_world(payload: Payload) -> Payload:
    """Leave seeds, precision, folder, environment, signals and threads other than they were."""
    random.seed(1)
    np.random.seed(1)
    np.set_printoptions(precision=1)
    os.chdir("/")
    os.environ["HOSTILE"] = "1"
    sys.setrecursionlimit(5000)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    return {}
