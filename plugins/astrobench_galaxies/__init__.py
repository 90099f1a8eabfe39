"""Galaxies: synthetic LSST scenes drawn offline, the published DeepAdversaries files, and a user's own cut-outs."""

from __future__ import annotations

from pathlib import Path

import astrobench

SUITES = Path(__file__).parent / "suites"


@astrobench.hookimpl
def astrobench_datasets() -> dict[str, str]:
    """Name the datasets of galaxies."""
    return {
        "lsst_mock": "astrobench_galaxies.lsst_mock:lsst_mock",
        "deepadversaries": "astrobench_galaxies.deepadversaries:deepadversaries",
        "hst_mock": "astrobench_galaxies.hst_mock:hst_mock",
        "deepmerge": "astrobench_galaxies.deepmerge:deepmerge",
        "image_folder": "astrobench_galaxies.image_folder:image_folder",
    }


@astrobench.hookimpl
def astrobench_suites() -> dict[str, Path]:
    """Name the suites of galaxies by their files' stems."""
    return {path.stem: path for path in sorted(SUITES.glob("*.toml"))}
