"""The CAMELS Multifield Dataset, from files that the user has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from astrobench import DataError, Regression

from astrobench_cosmology.cmd_files import PARAMETERS, check_exists, open_maps
from astrobench_cosmology.learning import Suite, dataset_of

if TYPE_CHECKING:
    from pathlib import Path

SHARES = (0.90, 0.95)
"""Where the validation and the test simulations begin, of all in the published order."""
LICENCE = "MIT (CAMELS Multifield Dataset)"
CITATION = (
    "CAMELS Multifield Dataset: Villaescusa-Navarro et al. 2022, ApJS 259, 61 (arXiv:2109.10915); CAMELS: "
    "Villaescusa-Navarro et al. 2021, ApJ 915, 71 (arXiv:2010.00619)"
)


def camels(
    *,
    folder: Path,
    field: Literal["Mgas", "Vgas", "T", "P", "Z", "HI", "ne", "B", "MgFe", "Mcdm", "Vcdm", "Mstar", "Mtot"] = "Mtot",
    source: Literal[
        "IllustrisTNG", "SIMBA", "Astrid", "Nbody_IllustrisTNG", "Nbody_SIMBA", "Nbody_Astrid"
    ] = "IllustrisTNG",
    target: Literal["IllustrisTNG", "SIMBA", "Astrid", "Nbody_IllustrisTNG", "Nbody_SIMBA", "Nbody_Astrid"] = "SIMBA",
    source_set: Literal["LH", "CV", "1P", "EX", "BE", "SB28"] = "LH",
    target_set: Literal["LH", "CV", "1P", "EX", "BE", "SB28"] = "LH",
    test_set: Literal["LH", "CV", "1P", "EX", "BE", "SB28"] | None = None,
    parameters: Literal["cosmology", "all"] = "cosmology",
    normalisation: Literal["source", "own"] = "source",
    seed: int = 1,
) -> Regression:
    """Learn cosmology from maps of one hydrodynamic simulation suite and test it on another.

    Images are float32 (N, 1, 256, 256), one field at redshift 0 over (25 Mpc/h)², periodic, in the unit of CMD;
    networks see (log₁₀ x − mean)/deviation, for Mstar log₁₀(1 + x). A box has no scale on the sky: pixel_scale is
    None. Domains are named by suite. Map m shows simulation m // 15; splits are by simulation, 90:5:5 as published
    (NumPy's legacy seed 1).

    folder: holds `Maps_<field>_<suite>_<set>_z=0.00.npy` and `params_<set>_<suite>.txt`. Its whole content enters the
    key, so link the files that are needed into a folder of their own. source_set, target_set: what is learned from,
    and shown without labels. test_set: one whose simulations are all tests, of both suites, in place of the split's.
    CV, 1P and EX have the same initial conditions and parameters in every suite, so their maps are pairs with one id;
    CV has one cosmology only, of which R² does not exist. BE and SB28 are of IllustrisTNG alone. parameters: Omega_m
    and sigma_8, or all six as in the published network; the four of feedback do not mean the same in two suites and
    are not scored in the target.
    normalisation: mean and deviation of the training maps of the source for both suites, or each suite's own. seed:
    of the split.

    Raises DataError for a field or set that CMD does not have of a suite, a missing or damaged file, other than 15
    maps a row of parameters, or pixels without a logarithm.
    Source: Villaescusa-Navarro et al. 2022 (arXiv:2109.10915) and its training scripts, which normalise by the whole
    file, tests included; here by the training maps.
    """
    if source == target:
        raise DataError(f"camels: source and target are both {source!r}, want two suites")
    sets = {source: source_set, target: target_set}
    for suite, own in sets.items():
        for which in (own, test_set or own):
            check_exists(field, suite, which)
    if parameters == "all" and (source.startswith("Nbody_") or source_set == "SB28"):
        raise DataError(f"camels: parameters = 'all' cannot be learned from {source} {source_set}, want 'cosmology'")
    suites = [_suite(folder, field, suite, own, test_set, seed) for suite, own in sets.items()]
    targets = PARAMETERS if parameters == "all" else PARAMETERS[:2]
    told = {"licence": LICENCE, "citation": CITATION}
    return dataset_of(suites[0], suites[1], (source, target), targets, normalisation, told, synthetic=False)


def _suite(folder: Path, field: str, suite: str, own: str, test_set: str | None, seed: int) -> Suite:
    learned = open_maps(folder, field, suite, own)
    split = split_published(len(learned.parameters), seed)
    if test_set in (None, own):
        return Suite(learned, learned, split)
    tested = open_maps(folder, field, suite, str(test_set))
    return Suite(learned, tested, {**split, "test": np.arange(len(tested.parameters))})


def split_published(count: int, seed: int) -> dict[str, np.ndarray]:
    """Return the numbers of train, valid and test simulations, int64, sorted: 90 %, 5 % and 5 % of the permutation.

    The generator is NumPy's legacy one, which published splits depend on. Raises DataError for too few simulations.
    """
    order = np.random.RandomState(seed).permutation(count)
    first, second = (int(count * share) for share in SHARES)
    split = {"train": order[:first], "valid": order[first:second], "test": order[second:]}
    if not all(map(len, split.values())):
        raise DataError(f"camels: {count} simulations cannot be split 90:5:5, want at least 20")
    return {name: np.sort(numbers) for name, numbers in split.items()}
