"""One galaxy from its number: class, size, brightness, and a scene whose label its Gini and M20 confirm."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import nan
from typing import TYPE_CHECKING

import numpy as np
from astrobench import Streams

from astrobench_galaxies.memory import keep_freed
from astrobench_galaxies.morphology import CLASSES, MERGER, Shape, shape_of
from astrobench_galaxies.scenes import colours
from astrobench_galaxies.scenes.ellipticals import elliptical
from astrobench_galaxies.scenes.mergers import merger
from astrobench_galaxies.scenes.plane import cutout, shift, transfer
from astrobench_galaxies.scenes.spirals import spiral
from astrobench_galaxies.survey import SurveyName, survey_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench_galaxies.scenes.light import Light
    from astrobench_galaxies.survey import Survey

_PAINTERS = (spiral, elliptical, merger)
_MEDIAN_RADIUS, _RADIUS_SCATTER, _RADIUS_RANGE = 1.45, 0.30, (0.7, 2.8)  # arcsec; natural logarithm; arcsec
_SIZE_BRIGHTNESS = 2.0  # magnitudes a factor of ten in radius: larger is brighter
_CENTRE_SCATTER = 0.15  # arcsec
_TRIES = 25
_LABEL_NOISE = 0.05  # of the ten-year sky noise; with a quarter of it, faint galaxies' labels hung on the noise drawn
_LABEL_YEARS = 10.0
_MARGIN = 0.005  # in Gini: what separates our measure, which counts pixels whole, from statmorph's
_I_BAND = 2
# TNG100's mergers hug the merger line: S has a median of 0.02 and its 95th percentile at 0.07.
_CROWDING_FROM, _CROWDING_SCALE = 0.01, 0.05


@dataclass(frozen=True)
class Recipe:
    """What decides a galaxy besides its number. brightest, faintest: i-band AB magnitudes at the median radius."""

    seed: int
    survey: SurveyName
    brightest: float
    faintest: float


@dataclass(frozen=True, eq=False)
class Galaxy:
    """A drawn galaxy. scene: float32 (C, H, W), e⁻/pixel in one survey year. label: index into CLASSES.

    magnitude: i-band AB. radius: half-light, arcsec. shape: Gini and M20 of the image the label was read from.
    agrees: whether that shape lies in the label's region. tries: how many scenes were drawn for it.
    """

    scene: np.ndarray
    label: int
    magnitude: float
    radius: float
    shape: Shape
    agrees: bool
    tries: int


@dataclass(frozen=True, eq=False)
class _Attempt:
    lights: Sequence[Light]
    spectra: np.ndarray
    shape: Shape


def label_of(number: int) -> int:
    """Return the class of a galaxy: they take turns, so any run of numbers is balanced."""
    return number % len(CLASSES)


def draw(recipe: Recipe, number: int) -> Galaxy:
    """Draw galaxy `number`: the same whatever else is drawn, where, or in what order.

    Size and brightness are drawn once, before the class matters, so they cannot betray it. The scene is drawn again,
    up to 25 times, until Gini and M20 of its nearly noiseless i-band image lie in the class's region, clear of its
    edge (and, for a merger, near it); after that the last scene inside is kept, or else the one that came nearest.
    """
    rng = Streams(f"lsst_mock galaxy {recipe.seed}").of(number)
    survey, label = survey_named(recipe.survey), label_of(number)
    radius = float(np.clip(_MEDIAN_RADIUS * np.exp(rng.normal(0, _RADIUS_SCATTER)), *_RADIUS_RANGE))
    magnitude = rng.uniform(recipe.brightest, recipe.faintest) - _SIZE_BRIGHTNESS * np.log10(radius / _MEDIAN_RADIUS)
    own = colours.scatter(rng)
    attempt, agrees, tries = _confirmed(rng, survey, label, radius, magnitude)
    scene = _seen(attempt, survey, magnitude, own)
    return Galaxy(scene, label, float(magnitude), radius, attempt.shape, agrees, tries)


def _confirmed(
    rng: np.random.Generator, survey: Survey, label: int, radius: float, magnitude: float
) -> tuple[_Attempt, bool, int]:
    """Return the first scene that is clearly of its class; failing that the last in its region, or the nearest."""
    held = _Attempt((), np.empty(0), Shape(nan, nan))  # no try misses by more than this
    for tries in range(1, _TRIES + 1):
        attempt = _attempt(rng, survey, label, radius, magnitude)
        if attempt.shape.clearly(label, _MARGIN) and (label != MERGER or _kept(rng, attempt.shape)):
            return attempt, True, tries
        if attempt.shape.misses(label) <= held.shape.misses(label):
            held = attempt
    return held, held.shape.region() == label, _TRIES


def _kept(rng: np.random.Generator, shape: Shape) -> bool:
    excess = max(shape.merger_statistic() - _CROWDING_FROM, 0)
    return bool(rng.random() < np.exp(-excess / _CROWDING_SCALE))


def _attempt(rng: np.random.Generator, survey: Survey, label: int, radius: float, magnitude: float) -> _Attempt:
    lights = _PAINTERS[label](rng, radius)
    spectra = np.stack([light.spectrum() for light in lights])
    spectra *= shift(*rng.normal(0, _CENTRE_SCATTER, 2))
    image = cutout(spectra.sum(0) * transfer(survey)[_I_BAND])
    image *= np.float32(survey.bands[_I_BAND].electrons(magnitude, _LABEL_YEARS))
    sigma = _LABEL_NOISE * survey.sky(_LABEL_YEARS)[_I_BAND] ** 0.5
    noisy = image + np.float32(sigma) * rng.standard_normal(image.shape, np.float32)
    return _Attempt(lights, spectra, shape_of(noisy, sigma))


def _seen(attempt: _Attempt, survey: Survey, magnitude: float, own: tuple[float, float, float]) -> np.ndarray:
    keep_freed()
    hues = np.array([light.hue.weights() for light in attempt.lights])
    brightness = [
        [band.electrons(magnitude + colour, years=1.0) for colour in hues[:, number] + own[number]]
        for number, band in enumerate(survey.bands)
    ]
    # Weights and transfer are real: real and imaginary parts are numbers like any other.
    mixed = np.array(brightness, np.float32) @ attempt.spectra.view(np.float32).reshape(len(hues), -1)
    mixed *= _doubled_transfer(survey)
    scene = cutout(mixed.view(np.complex64).reshape(-1, *attempt.spectra.shape[1:]))
    np.maximum(scene, 0, out=scene)
    return scene


@cache
def _doubled_transfer(survey: Survey) -> np.ndarray:
    """Return `transfer` once for the real part and once for the imaginary one: float32 (C, 2 BOX HALF)."""
    return np.repeat(transfer(survey), 2, axis=-1).reshape(len(survey.bands), -1)
