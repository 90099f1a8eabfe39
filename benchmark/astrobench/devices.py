"""Which devices a run uses. The driver never imports torch: it asks a short-lived process, and only where it must."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from astrobench.errors import DeviceError


def devices_for(wish: str) -> tuple[str, ...]:
    """Return the devices behind "auto", "cpu", "cuda" or "cuda:N". Raises DeviceError for one that is not there."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", wish):
        raise DeviceError(f"unknown device {wish!r}; allowed: auto, cpu, cuda, cuda:0, cuda:1, …")
    if wish == "cpu":
        return ("cpu",)
    found = tuple(f"cuda:{index}" for index in range(_count()))
    if wish == "auto":
        return found or ("cpu",)
    if not found:
        raise DeviceError(f"device {wish!r} was asked for, but torch finds no CUDA device here; use --device cpu")
    if wish != "cuda" and wish not in found:
        raise DeviceError(f"device {wish!r} is not here; found: {', '.join(found)}")
    return found if wish == "cuda" else (wish,)


def device_class(device: str) -> str:
    """Return "cpu" or "cuda": what enters a key, because it changes the bits of a number."""
    return device.split(":")[0]


def _count() -> int:
    """Count CUDA devices without importing torch here, and without asking where no driver is loaded."""
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "" or not _driver_loaded():
        return 0
    asked = subprocess.run(
        [sys.executable, "-c", "import torch; print(torch.cuda.device_count())"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return int(asked.stdout) if asked.stdout.strip().isdigit() else 0


def _driver_loaded() -> bool:
    return sys.platform != "linux" or Path("/proc/driver/nvidia").exists() or Path("/dev/nvidiactl").exists()
