"""A task without torch that a sweep can be made of: it draws numbers from its key and keeps them in the store."""

from __future__ import annotations

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
