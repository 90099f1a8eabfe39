"""Synthetic merging and quiet galaxies at z ≈ 2 from space: pristine (optics only) and noisy (with the sky's noise)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from astrobench import DataError, Dataset, Labelled, Unlabelled

from astrobench_galaxies.hst_drawing import scenes_of
from astrobench_galaxies.hst_scenes import CLASSES, Recipe, label_of
from astrobench_galaxies.hst_survey import BANDS, PIXEL_SCALE
from astrobench_galaxies.splits import split_by_id
from astrobench_galaxies.zscore import ZScoreStretch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FEWEST = 40
HALVES = {"source": 1, "target": 1}
LICENCE = "synthetic images, drawn on this machine; no rights reserved (CC0-1.0)"
CITATION = (
    "synthetic galaxies drawn by astrobench after the setting of DeepMerge (Ćiprijanović et al. 2020, arXiv:2004.11981;"
    " 2021, arXiv:2103.01373); optics by GalSim (Rowe et al. 2015, A&C 10, 121)"
)


def hst_mock(
    *,
    galaxies: int = 3000,
    brightest: float = 21.8,
    faintest: float = 24.8,
    noise: float = 1.0,
    reverse: bool = False,
    same_galaxies: bool = False,
    stretch: Literal["source_train", "per_domain"] = "source_train",
    seed: int = 0,
) -> Dataset:
    """Draw synthetic galaxies at z ≈ 2, merging or not, without noise (pristine) and with the sky's noise (noisy).

    Images are float32 (N, 3, 75, 75), channels F814W, F356W, F160W, 0.06″ pixels, nJy. Nothing is downloaded: scenes
    are drawn once on all cores, kept under the platform's cache directory, and shared by both domains. Pristine images
    have the telescope's optics only; noisy ones Gaussian noise besides (0.42, 0.54, 0.42 nJy a pixel, derived
    from the statistics of the published files; no source noise, as there). The same galaxy in two domains has one id.

    galaxies: how many, from 40 on; classes take turns (non_merger 0, merger 1), so they are balanced. brightest,
    faintest: F160W AB magnitudes between which galaxies of the median half-light radius, 0.36″, are spread evenly;
    radii are log-normal (0.30 in ln r) within 0.20″ to 0.62″, and a galaxy ten times as large is 2 magnitudes
    brighter. Size, brightness and colour are drawn alike for both classes, and mergers are scaled to the size drawn.
    noise: times the published sky noise. reverse: train on noisy, adapt to pristine. same_galaxies: whether the
    unlabelled target training set shows the galaxies of the source training set; if not, as in a real survey, each
    takes half of the training galaxies. stretch: z-score of each channel, fitted on the source training set, or on all
    images of each domain, test images included, as published. seed: of galaxies, noise and splits.

    Synthetic: 65 % discs (of which 55 % clumpy) and 35 % spheroids, neighbours on the sky in both classes; mergers are
    33 % pairs, 49 % double nuclei, 18 % bodies with tails only. Labels are what was drawn, as a simulation's merger
    tree would say, not what can be seen. Fluxes are brighter and less heavy-tailed than those of the genuine set.
    Splits are 70:10:20 by galaxy, the classes spread evenly.

    Raises DataError for fewer than 40 galaxies, magnitudes out of order, or noise that is not above 0.
    Source: setting of DeepMerge II (arXiv:2103.01373); filters of its Sim→Sim files.
    """
    _check(galaxies, brightest, faintest, noise)
    scenes = scenes_of(Recipe(seed, brightest, faintest))
    levels = {"noisy": noise, "pristine": 0.0} if reverse else {"pristine": 0.0, "noisy": noise}
    source, target = levels
    members = _members(galaxies, seed, same_galaxies)
    where = {"train": source, "valid": source, "target": target, "test_source": source, "test_target": target}
    images = {which: scenes.observed(members[which.split("_")[0]], levels[domain]) for which, domain in where.items()}
    fitted = _stretches(images, where, stretch)

    def labelled(which: str) -> Labelled:
        numbers = members[which.split("_")[0]]
        labels = np.array([label_of(number) for number in numbers], np.int64)
        return Labelled(images[which], _ids(numbers), fitted[where[which]], labels=labels)

    return Dataset(
        train=labelled("train"),
        valid=labelled("valid"),
        target=Unlabelled(images["target"], _ids(members["target"]), fitted[target]),
        tests={source: labelled("test_source"), target: labelled("test_target")},
        unit="nJy",
        pixel_scale=PIXEL_SCALE,
        bands=BANDS,
        classes=CLASSES,
        licence=LICENCE,
        citation=CITATION,
        synthetic=True,
        oracle=lambda: labelled("target"),
    )


def galaxy_id(number: int) -> str:
    """Return the id that a galaxy has in every split and domain."""
    return f"hst-{number:06d}"


def _check(galaxies: int, brightest: float, faintest: float, noise: float) -> None:
    if galaxies < FEWEST:
        raise DataError(f"hst_mock: galaxies is {galaxies}, want at least {FEWEST}, twenty of each class")
    if not brightest < faintest:
        raise DataError(f"hst_mock: brightest is {brightest:g} and faintest {faintest:g}, want brightest < faintest")
    if not 0 < noise < float("inf"):
        raise DataError(f"hst_mock: noise is {noise:g}, want a number above 0")


def _members(galaxies: int, seed: int, same_galaxies: bool) -> dict[str, tuple[int, ...]]:
    """Return which galaxies each set shows: train, target, valid, test."""
    strata = {galaxy_id(number): label_of(number) for number in range(galaxies)}
    split = split_by_id(strata, seed)
    training = {name: label for name, label in strata.items() if split[name] == "train"}
    half = split_by_id(training, seed, HALVES)
    chosen = {
        "train": [name for name in training if same_galaxies or half[name] == "source"],
        "target": [name for name in training if same_galaxies or half[name] == "target"],
        "valid": [name for name in strata if split[name] == "valid"],
        "test": [name for name in strata if split[name] == "test"],
    }
    return {which: tuple(int(name.split("-")[1]) for name in names) for which, names in chosen.items()}


def _stretches(images: Mapping[str, np.ndarray], where: Mapping[str, str], kind: str) -> dict[str, ZScoreStretch]:
    """Return the stretch of each domain."""
    if kind == "source_train":
        return dict.fromkeys(where.values(), ZScoreStretch.fit(images["train"]))
    return {
        domain: ZScoreStretch.fit(*(images[which] for which in where if where[which] == domain))
        for domain in dict.fromkeys(where.values())
    }


def _ids(numbers: Sequence[int]) -> np.ndarray:
    return np.array([galaxy_id(number) for number in numbers])
