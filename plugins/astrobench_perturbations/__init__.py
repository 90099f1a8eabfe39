"""Perturbations: what telescopes and surveys do to flux, and what attacks do to network inputs."""

from __future__ import annotations

import astrobench

NATURAL = (
    "background_gradient", "bad_columns", "cosmic_rays", "dead_pixels", "exposure", "gain", "hot_pixels", "jpeg",
    "pixel_scale", "psf", "redshift", "registration", "rice", "rotation", "satellite_trail", "sky", "zeropoint",
)  # fmt: skip
ATTACKS = ("few_pixel", "fgsm", "one_pixel", "pgd", "random_pixel")


@astrobench.hookimpl
def astrobench_perturbations() -> dict[str, str]:
    """Name the perturbations; nearly each is the function that its module is named for."""
    named = {name: f"astrobench_perturbations.{name}:{name}" for name in ("none", *NATURAL, *ATTACKS)}
    return {**named, "one_pixel_exhaustive": "astrobench_perturbations.exhaustive:one_pixel_exhaustive"}
