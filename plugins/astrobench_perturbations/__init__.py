"""Perturbations: fewer years of exposure, acting on flux, and attacks on one pixel, acting on network inputs."""

from __future__ import annotations

import astrobench


@astrobench.hookimpl
def astrobench_perturbations() -> dict[str, str]:
    """Name the perturbations."""
    return {
        "none": "astrobench_perturbations.none:none",
        "exposure": "astrobench_perturbations.exposure:exposure",
        "one_pixel": "astrobench_perturbations.one_pixel:one_pixel",
        "one_pixel_exhaustive": "astrobench_perturbations.exhaustive:one_pixel_exhaustive",
        "random_pixel": "astrobench_perturbations.random_pixel:random_pixel",
    }
