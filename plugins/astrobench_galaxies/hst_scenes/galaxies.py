"""One galaxy from its number: class, size, brightness, colour, and its noiseless images in nJy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from astrobench import Streams

from astrobench_galaxies.hst_scenes.hosts import isolated, neighbours, scaled
from astrobench_galaxies.hst_scenes.mergers import merging
from astrobench_galaxies.hst_scenes.populations import magnitudes, own_hue, scatter
from astrobench_galaxies.hst_scenes.projection import PER_ARCSEC, cutout, transfer
from astrobench_galaxies.hst_survey import PIXEL_SCALE, nanojansky
from astrobench_galaxies.label_check import half_light_radius
from astrobench_galaxies.scenes.plane import shift

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench_galaxies.hst_scenes.hosts import Body

CLASSES = ("non_merger", "merger")
_PAINTERS = (isolated, merging)
_MEDIAN_RADIUS, _RADIUS_SCATTER, _RADIUS_RANGE = 0.36, 0.30, (0.20, 0.62)  # arcsec as seen; natural log; arcsec
_SIZE_BRIGHTNESS = 2.0  # magnitudes a factor of ten in radius: larger is brighter
_CENTRE_SCATTER = 0.06  # arcsec
_F160W = 2
_ROUNDS = 2  # corrections of the size; the telescope's blur does not scale, so one leaves a tenth


@dataclass(frozen=True)
class Recipe:
    """What decides a galaxy besides its number. brightest, faintest: F160W AB magnitudes at the median radius."""

    seed: int
    brightest: float
    faintest: float


@dataclass(frozen=True, eq=False)
class Galaxy:
    """A drawn galaxy. scene: float32 (C, 75, 75), nJy a pixel. label: index into CLASSES.

    magnitude: F160W AB. radius: half-light as seen in F160W, arcsec, as it was asked for.
    """

    scene: np.ndarray
    label: int
    magnitude: float
    radius: float


def label_of(number: int) -> int:
    """Return the class of a galaxy: they take turns, so any run of numbers is balanced."""
    return number % len(CLASSES)


def draw(recipe: Recipe, number: int) -> Galaxy:
    """Draw galaxy `number`: the same whatever else is drawn, where, or in what order.

    Size, brightness and colour are drawn before the class matters; the scene is then made as large as was drawn, since
    two galaxies side by side would otherwise be larger than one, and size would tell them apart.
    """
    rng = Streams(f"hst_mock galaxy {recipe.seed}").of(number)
    radius = float(np.clip(_MEDIAN_RADIUS * np.exp(rng.normal(0, _RADIUS_SCATTER)), *_RADIUS_RANGE))
    magnitude = rng.uniform(recipe.brightest, recipe.faintest) - _SIZE_BRIGHTNESS * np.log10(radius / _MEDIAN_RADIUS)
    hue, own = own_hue(rng), scatter(rng)
    centre = shift(*rng.normal(0, _CENTRE_SCATTER * PER_ARCSEC, 2))
    body = _resized(_PAINTERS[label_of(number)](rng, radius * PER_ARCSEC, hue), radius)
    lights = [*body, *neighbours(rng, radius * PER_ARCSEC, hue)]
    return Galaxy(_seen(lights, magnitude, own, centre), label_of(number), float(magnitude), radius)


def _resized(lights: Sequence[Body], radius: float) -> Sequence[Body]:
    """Return the lights as large as to have this half-light radius (arcsec) in F160W."""
    for _ in range(_ROUNDS):
        image = cutout(sum(light.spectrum() for light in lights) * transfer()[_F160W])
        found = half_light_radius(np.maximum(image, 0)) * PIXEL_SCALE
        lights = [scaled(light, radius / found) for light in lights]
    return lights


def _seen(lights: Sequence[Body], magnitude: float, own: tuple[float, ...], centre: np.ndarray) -> np.ndarray:
    colour = np.array([magnitudes(light.hue) for light in lights]) + own
    flux = np.array([[nanojansky(magnitude + step) for step in band] for band in colour.T], np.float32)
    spectra = np.stack([light.spectrum() for light in lights])
    mixed = np.tensordot(flux, spectra, axes=1) * centre
    scene: np.ndarray = np.maximum(cutout(mixed * transfer()), 0)
    return scene
