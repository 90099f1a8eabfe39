"""Cosmology from maps: the CAMELS Multifield Dataset, and a synthetic stand-in for it that needs no download."""

from __future__ import annotations

from pathlib import Path

import astrobench

SUITES = Path(__file__).parent / "suites"


@astrobench.hookimpl
def astrobench_datasets() -> dict[str, str]:
    """Name the datasets of maps."""
    return {
        "camels": "astrobench_cosmology.camels:camels",
        "camels_mock": "astrobench_cosmology.camels_mock:camels_mock",
    }


@astrobench.hookimpl
def astrobench_suites() -> dict[str, Path]:
    """Name the suites of maps by their files' stems."""
    return {path.stem: path for path in sorted(SUITES.glob("*.toml"))}
