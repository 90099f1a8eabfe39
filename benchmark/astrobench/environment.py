"""Where a number comes from: versions, commit, device, threads. Nothing that names a person or a host."""

from __future__ import annotations

import functools
import importlib.metadata
import os
import platform
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

from astrobench.keys import key_of

PACKAGES = ("astrobench", "torch", "torchvision", "timm", "numpy", "scipy", "scikit-learn", "galsim", "surveycodex")

KERNELS = (
    "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "NPY_DISABLE_CPU_FEATURES", "ONEDNN_MAX_CPU_ISA", "OPENBLAS_CORETYPE",
)  # fmt: skip
"""Variables that make libraries choose other kernels than the processor would."""


def provenance(device: str = "cpu", threads: int = 1, seconds: float = 0.0) -> dict[str, Any]:
    """Return what a record carries: the environment with its fingerprint, time and peak memory."""
    surroundings = environment(device, threads)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "environment": surroundings,
        "fingerprint": key_of(surroundings)[:12],
        "commit": commit(),
        "seconds": round(seconds, 3),
        "peak_bytes": peak,
    }


def surroundings(payload: dict[str, Any]) -> dict[str, Any]:
    """Return what the record of a failure carries: the environment and the commit. payload: device, threads."""
    told = provenance(payload["device"], payload["threads"])
    return {name: told[name] for name in ("environment", "fingerprint", "commit")}


def environment(device: str, threads: int) -> dict[str, Any]:
    """Return all that may change the bits of a number without being in its key."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: version_of(name) for name in PACKAGES},
        "device": device_name(device),
        "processor": processor(),
        "cpu": cpu_capability(),
        "kernels": {name: os.environ[name] for name in KERNELS if name in os.environ},
        "threads": threads,
    }


@functools.cache
def version_of(package: str) -> str:
    """Return the installed version of a distribution, or "absent": asked once, for it takes as long as a small cell."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "absent"


def device_name(device: str) -> str:
    """Return "cpu", or the model of the CUDA device."""
    torch = sys.modules.get("torch")
    if device == "cpu" or torch is None:
        return device
    name: str = torch.cuda.get_device_name(device)
    return name


@functools.cache
def processor() -> str:
    """Return the model of the processor, by which libraries choose their kernels."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())


def cpu_capability() -> str:
    """Return the instruction set that torch uses, which changes rounding; "not used" where torch was not.

    Tiles (AMX) are named too: torch counts a processor with them as AVX512, and an attack may be another one there.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        return "not used"
    features: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # an older torch does not say
    return f"{torch.backends.cpu.get_cpu_capability()}{', AMX' if features.get('amx_bf16') else ''}"


@functools.cache
def commit() -> dict[str, Any]:
    """Return {commit, dirty} of the checkout this code runs from, or nulls for an installed wheel."""
    home = Path(__file__).parent
    head = _git(home, "rev-parse", "HEAD")
    changed = _git(home, "status", "--porcelain", "--untracked-files=no") if head else None
    return {"commit": head, "dirty": None if changed is None else bool(changed)}


def _git(folder: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *words],
            capture_output=True, text=True, timeout=10, check=True, env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
