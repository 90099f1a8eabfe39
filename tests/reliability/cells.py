"""Tasks without torch: one that a sweep can be made of, and one that never ends."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
from astrobench.store import Store


def cell(payload: dict[str, Any]) -> dict[str, Any]:
    """Draw, keep the arrays, wait a little, keep the result. payload: root, key, seed, seconds."""
    store = Store(Path(payload["root"]))
    rng = np.random.Generator(np.random.Philox(payload["seed"]))
    latent = rng.normal(size=(64, 8))
    prediction = store.put({"latent": latent})
    time.sleep(payload["seconds"])
    result = {"prediction": prediction, "accuracy": float(latent.mean())}
    store.write("cells", payload["key"], result, {"seconds": time.monotonic()})
    return {}


def hang(payload: dict[str, Any]) -> dict[str, Any]:
    """Say that it has begun, and sleep for ever. payload: begun, a path."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    Path(payload["begun"]).touch()
    while True:
        time.sleep(60)
