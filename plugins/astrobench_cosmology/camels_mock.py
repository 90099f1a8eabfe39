"""The synthetic stand-in for the CAMELS Multifield Dataset, drawn offline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from astrobench import DataError, Regression

from astrobench_cosmology.cmd_files import PARAMETERS, open_maps
from astrobench_cosmology.learning import Suite, dataset_of
from astrobench_cosmology.mock.drawing import drawn
from astrobench_cosmology.mock.sets import Recipe

if TYPE_CHECKING:
    from pathlib import Path

SHARES = (0.8, 0.9)
"""Where the validation and the test simulations of the training set begin."""
LICENCE = "synthetic maps, drawn on this machine; no rights reserved (CC0-1.0)"
CITATION = (
    "synthetic lognormal maps drawn by astrobench; they stand in for CAMELS (Villaescusa-Navarro et al. 2021, 2022) "
    "and are not its data; power spectrum of Eisenstein & Hu 1998 (ApJ 496, 605), variance of Repp & Szapudi 2017"
)


def camels_mock(
    *,
    field: Literal["T", "Mtot"] = "Mtot",
    source: Literal["A", "B"] = "A",
    simulations: int = 400,
    tests: int = 60,
    pixels: Literal[16, 32, 64, 128, 256] = 64,
    training_set: Literal["LH", "SHARED"] = "LH",
    test_set: Literal["PAIRS", "SPLIT", "CV"] = "PAIRS",
    parameters: Literal["cosmology", "all"] = "cosmology",
    normalisation: Literal["source", "own"] = "source",
    seed: int = 0,
) -> Regression:
    """Learn cosmology from synthetic maps under one made-up recipe of feedback and test it under another.

    Images are float32 (N, 1, pixels, pixels), one field over (25 Mpc/h)², periodic: T in K, or Mtot in
    (Msun/h)/(Mpc/h)². Recipe A is like IllustrisTNG, recipe B like SIMBA, with larger and hotter bubbles that know
    nothing of Omega_m: a network should carry Mtot over and fail on T. Maps are of lognormal boxes without haloes,
    filaments or velocities: synthetic, never CAMELS. Drawn once on all cores, kept under the platform's cache
    directory as files of CMD's names and layout, and read as `camels` reads those.

    source: the recipe that is learned from; the other is the target. Domains are named "A" and "B". simulations: of
    the training set, a recipe, from 20 on, 15 maps each; the first 80 % train, the next 10 % validate. pixels: a map's
    side, and the box's cells. training_set: LH, a latin hypercube of each recipe's own, or SHARED, the same parameters
    and initial conditions in both, so that training maps are pairs with one id. test_set: PAIRS, `tests` simulations
    (an even number) with the same initial conditions and parameters in both recipes, so that maps are pairs with one
    id, and two simulations in a row share all parameters and differ in initial conditions; SPLIT, the last 10 % of the
    training set; CV, 27 fiducial ones, of which R² does not exist. parameters, normalisation: as in `camels`. seed: of
    parameters and initial conditions.

    Raises DataError for fewer than 20 simulations, or tests that are not an even number from 4 on.
    Source: recipe of this repository, calibrated on published statistics of CAMELS temperature maps.
    """
    if simulations < 20:
        raise DataError(f"camels_mock: simulations is {simulations}, want at least 20")
    if tests < 4 or tests % 2:
        raise DataError(f"camels_mock: tests is {tests}, want an even number from 4 on")
    folder = drawn(Recipe(simulations, tests, pixels, seed, training_set), field)
    domains = (source, "B" if source == "A" else "A")
    suites = [_suite(folder, field, recipe, training_set, test_set) for recipe in domains]
    targets = PARAMETERS if parameters == "all" else PARAMETERS[:2]
    told = {"licence": LICENCE, "citation": CITATION}
    return dataset_of(suites[0], suites[1], domains, targets, normalisation, told, synthetic=True)


def _suite(folder: Path, field: str, recipe: str, training_set: str, test_set: str) -> Suite:
    learned = open_maps(folder, field, recipe, training_set)
    count = len(learned.parameters)
    first, second = (int(count * share) for share in SHARES)
    split = {"train": np.arange(first), "valid": np.arange(first, second), "test": np.arange(second, count)}
    if test_set == "SPLIT":
        return Suite(learned, learned, split)
    tested = open_maps(folder, field, recipe, test_set)
    return Suite(learned, tested, {**split, "test": np.arange(len(tested.parameters))})
