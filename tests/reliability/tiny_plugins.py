"""The door of the tiny plugins: everything that a suite of a second needs."""

from __future__ import annotations

import astrobench


@astrobench.hookimpl
def astrobench_datasets() -> dict[str, str]:
    """Name the dataset."""
    return {"blobs": "reliability.tiny_parts:blobs"}


@astrobench.hookimpl
def astrobench_architectures() -> dict[str, str]:
    """Name the network."""
    return {"dot": "reliability.tiny_parts:dot"}


@astrobench.hookimpl
def astrobench_methods() -> dict[str, str]:
    """Name the methods."""
    return {"plain": "reliability.tiny_parts:plain", "aligned": "reliability.tiny_parts:aligned"}


@astrobench.hookimpl
def astrobench_perturbations() -> dict[str, str]:
    """Name the perturbations; "none" is first-party."""
    return {name: f"reliability.tiny_parts:{name}" for name in ("noise", "crash", "stumble")}


@astrobench.hookimpl
def astrobench_metrics() -> dict[str, str]:
    """Name the metrics."""
    return {"right": "reliability.tiny_parts:right", "crash_there": "reliability.tiny_parts:crash_there"}
