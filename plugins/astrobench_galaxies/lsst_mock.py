"""The dataset that needs no download: synthetic LSST galaxies, deep (ten years) and shallow (one year)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from astrobench import DataError, Dataset, Labelled, Observation, Unlabelled

from astrobench_galaxies.drawing import drawn
from astrobench_galaxies.exposures import Exposures, Programme, exposed
from astrobench_galaxies.morphology import CLASSES
from astrobench_galaxies.scenes import Recipe, label_of
from astrobench_galaxies.splits import split_by_id
from astrobench_galaxies.survey import BANDS, survey_named

if TYPE_CHECKING:
    from collections.abc import Sequence

FEWEST = 30
SOURCE_SHARE = {"source": 1, "target": 1}
LICENCE = "synthetic images, drawn on this machine; no rights reserved (CC0-1.0)"
CITATION = (
    "synthetic galaxies drawn by astrobench after the recipe of DeepAdversaries (Ćiprijanović et al. 2022, "
    "arXiv:2112.14299); seeing by GalSim (Rowe et al. 2015, A&C 10, 121); survey numbers of surveycodex (LSST DESC)"
)


def lsst_mock(
    *,
    galaxies: int = 4500,
    source_years: float = 10.0,
    target_years: float = 1.0,
    faintest: float = 24.2,
    brightest: float = 21.2,
    survey: Literal["LSST", "descwl"] = "LSST",
    same_galaxies: bool = False,
    stretch: Literal["source_train", "per_array"] = "source_train",
    seed: int = 0,
) -> Dataset:
    """Draw synthetic spirals, ellipticals and mergers as LSST sees them after ten years and after one.

    Images are float32 (N, 3, 100, 100), bands g, r, i, 0.2″ pixels, mean sky subtracted, calibrated for exposure: e⁻
    per survey year and pixel, so that a galaxy is as bright after one year as after ten and only its noise differs.
    Nothing is downloaded: scenes are drawn once on all cores, kept under the platform's cache directory, and observed
    with the sky and source noise of the exposure. The same galaxy in two domains shares its scene and its id, not its
    noise.

    galaxies: how many, from 30 on; classes take turns, so their numbers differ by one at most. source_years,
    target_years: exposure in survey years (of ten) of the two domains, named "Y10", "Y1". brightest, faintest: i-band
    AB magnitudes between which galaxies of the median half-light radius, 1.45″, are spread evenly; radii are
    log-normal (0.30 in ln r) within 0.7″ to 2.8″, and a galaxy ten times as large is 2 magnitudes brighter. Size and
    magnitude are drawn alike for every class. The default brightness was chosen to land near the published
    difficulty: it is a calibration, not a measurement. survey: numbers of surveycodex ("LSST"), or those of
    WeakLensingDeblending that the paper used ("descwl"). same_galaxies: whether the unlabelled target training set
    shows the galaxies of the source training set; if not, as in a real survey, each takes half of the training
    galaxies. stretch: limits fitted on the source training set, or on every array by itself as published (Q-A1), which
    lets test images set their own scale. seed: of galaxies, noise and splits.

    Classes mean what the paper's labels mean: each scene is drawn again until Gini and M20 of its nearly noiseless
    i-band image lie in the class's region. Splits are 70:10:20 by galaxy, the classes spread evenly.

    Raises DataError for fewer than 30 galaxies, magnitudes out of order, or years that are not positive or equal.
    Source: recipe of DeepAdversaries (arXiv:2112.14299 §2); class lines of Lotz et al. (2008).
    """
    _check(galaxies, source_years, target_years, faintest, brightest)
    recipe = Recipe(seed, survey, brightest, faintest)
    members = _members(galaxies, seed, same_galaxies)
    programme = Programme(recipe, source_years, target_years, members)
    return _dataset(exposed(programme, lambda: drawn(recipe, galaxies)), programme, stretch)


def _check(galaxies: int, source_years: float, target_years: float, faintest: float, brightest: float) -> None:
    if galaxies < FEWEST:
        raise DataError(f"lsst_mock: galaxies is {galaxies}, want at least {FEWEST}, ten of each class")
    if not brightest < faintest:
        raise DataError(f"lsst_mock: brightest is {brightest:g} and faintest {faintest:g}, want brightest < faintest")
    for name, years in (("source_years", source_years), ("target_years", target_years)):
        if not 0 < years < float("inf"):
            raise DataError(f"lsst_mock: {name} is {years:g}, want a number above 0")
    if f"{source_years:g}" == f"{target_years:g}":
        raise DataError(
            f"lsst_mock: source_years and target_years are both {source_years:g}, want two different depths"
        )


def _members(galaxies: int, seed: int, same_galaxies: bool) -> dict[str, tuple[int, ...]]:
    """Return which galaxies each set shows: train, target, valid, test."""
    strata = {galaxy_id(number): label_of(number) for number in range(galaxies)}
    split = split_by_id(strata, seed)
    training = {name: label for name, label in strata.items() if split[name] == "train"}
    half = split_by_id(training, seed, SOURCE_SHARE)
    chosen = {
        "train": [name for name in training if same_galaxies or half[name] == "source"],
        "target": [name for name in training if same_galaxies or half[name] == "target"],
        "valid": [name for name in strata if split[name] == "valid"],
        "test": [name for name in strata if split[name] == "test"],
    }
    return {which: tuple(int(name.split("-")[1]) for name in names) for which, names in chosen.items()}


def galaxy_id(number: int) -> str:
    """Return the id that a galaxy has in every split and domain."""
    return f"mock-{number:06d}"


def _dataset(exposures: Exposures, programme: Programme, stretch: str) -> Dataset:
    def labelled(which: str) -> Labelled:
        numbers = programme.numbers(which)
        images = exposures.images(which)
        fitted = exposures.stretch(which if stretch == "per_array" else "train")
        observation = _observation(exposures, programme, which) if which.startswith("test") else None
        labels = np.array([label_of(number) for number in numbers], np.int64)
        return Labelled(images, _ids(numbers), fitted, observation, labels=labels)

    target = labelled("target")
    return Dataset(
        train=labelled("train"),
        valid=labelled("valid"),
        target=Unlabelled(target.images, target.ids, target.stretch),
        tests={
            f"Y{programme.source_years:g}": labelled("test_source"),
            f"Y{programme.target_years:g}": labelled("test_target"),
        },
        unit="e-/yr",
        pixel_scale=survey_named(programme.recipe.survey).pixel_scale,
        bands=BANDS,
        classes=CLASSES,
        licence=LICENCE,
        citation=CITATION,
        synthetic=True,
        oracle=lambda: labelled("target"),
    )


def _observation(exposures: Exposures, programme: Programme, which: str) -> Observation:
    years = programme.years(which)
    return Observation(
        years, survey_named(programme.recipe.survey).sky(years), exposures.images(f"scene_{which}"), gain=years
    )


def _ids(numbers: Sequence[int]) -> np.ndarray:
    return np.array([galaxy_id(number) for number in numbers])
