"""Drawing galaxies: a GalSim script as one would write it first, and ours, on the same ellipticals.

    python -m tests.performance.drawing [--rounds 5]

The script builds the seeing for each image, draws each domain anew, and takes a Sérsic index as it comes; both make
three bands in two depths, on one core, once without and once with the photons' noise. An elliptical is what both can
draw: body and halo. Every turn draws galaxies that were not drawn before: GalSim keeps the tables of the last hundred
Sérsic indices and would know them; a row tells what it takes when it does. What the recipe of `lsst_mock` costs
besides (spirals and mergers, and scenes drawn again until Gini and M20 confirm their class) is told in rows of its
own, see `drawing_whole`.
"""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING, Any

import galsim
import numpy as np
from astrobench_galaxies.morphology import Shape
from astrobench_galaxies.observe import expose, noise_stream
from astrobench_galaxies.scenes import galaxies as ours_in
from astrobench_galaxies.scenes.ellipticals import elliptical
from astrobench_galaxies.scenes.plane import PIXEL, STAMP, cutout, transfer
from astrobench_galaxies.survey import survey_named

from . import table
from .drawing_whole import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from astrobench_galaxies.scenes.light import Sersic

RACE = "drawing, three bands, two depths"
SURVEY = survey_named("LSST")
YEARS = (10.0, 1.0)
MAGNITUDE, RADIUS = 22.5, 1.45
GALAXIES = 6  # a round of the script; ours is repeated
REPEATED = 10
TIGHT = galsim.GSParams(folding_threshold=1e-4, maxk_threshold=1e-4, maximum_fft_size=16384)

Lights = tuple["Sersic", ...]


def galaxies(turn: int) -> list[Lights]:
    """Return the parts of ellipticals, as the recipe draws them; other ones each turn."""
    first = turn * GALAXIES
    return [tuple(elliptical(np.random.default_rng(number), RADIUS)) for number in range(first, first + GALAXIES)]


def electrons(light: Sersic, band: int, years: float) -> float:
    """Return the e⁻ of one part in one band."""
    return light.flux * SURVEY.bands[band].electrons(MAGNITUDE + light.hue.weights()[band], years)


def script(lights: Lights, years: float) -> list[galsim.Image]:
    """Draw one galaxy at one depth with GalSim, one image of e⁻ a band."""
    images = []
    for band, row in enumerate(SURVEY.bands):
        airy = galsim.Airy(lam=row.wavelength, diam=SURVEY.mirror, obscuration=SURVEY.obscuration)
        seeing = galsim.Convolve(galsim.Kolmogorov(fwhm=row.seeing), airy)
        seen = galsim.Convolve(_profile(lights, band, years), seeing)
        images.append(seen.drawImage(nx=STAMP, ny=STAMP, scale=PIXEL))
    return images


def noisy_script(lights: Lights, years: float) -> list[galsim.Image]:
    """Draw one galaxy at one depth with GalSim, and add the photons' noise."""
    images, rng = script(lights, years), galsim.BaseDeviate(1)
    for image, sky in zip(images, SURVEY.sky(years), strict=True):
        image.addNoise(galsim.PoissonNoise(rng, sky_level=sky))
    return images


def _profile(lights: Lights, band: int, years: float, **words: Any) -> galsim.GSObject:
    parts = (
        galsim.Sersic(light.index, half_light_radius=light.radius, flux=electrons(light, band, years), **words).shear(
            q=light.axis_ratio, beta=light.angle * galsim.radians
        )
        for light in lights
    )
    return galsim.Add(*parts)


def by_script(draw: Callable[[Lights, float], object], asked: Sequence[Lights]) -> float:
    """Return the CPU milliseconds a galaxy of a script: each depth by itself."""
    begun = time.process_time()
    for lights in asked:
        for years in YEARS:
            draw(lights, years)
    return 1000 * (time.process_time() - begun) / len(asked)


def by_us(draw: Callable[[Lights], object], asked: Sequence[Lights]) -> float:
    """Return the CPU milliseconds a galaxy of ours: one scene for both depths."""
    begun = time.process_time()
    for _ in range(REPEATED):
        for lights in asked:
            draw(lights)
    return 1000 * (time.process_time() - begun) / (REPEATED * len(asked))


def noisy(lights: Lights) -> list[np.ndarray]:
    """Draw a galaxy once, and expose it at both depths."""
    yearly = scene(lights)
    return [expose(yearly, SURVEY.sky(1.0), years, noise_stream(0, 0, years)) for years in YEARS]


def scene(lights: Lights) -> np.ndarray:
    """Return a scene of one year as the recipe makes it: float32 (C, H, W), e⁻."""
    attempt = ours_in._Attempt(lights, np.stack([light.spectrum() for light in lights]), Shape(0.5, -1.5))
    return ours_in._seen(attempt, SURVEY, MAGNITUDE, (0.0, 0.0, 0.0))


def error(lights: Lights) -> float:
    """Return the largest difference from GalSim with tight parameters in the i band, as a part of the peak.

    Of profiles whose index is one of our tables', a twentieth apart: that is part of the recipe and no error.
    """
    rounded = tuple(_rounded(light) for light in lights)
    row, spectrum = SURVEY.bands[2], sum(electrons(light, 2, 1.0) / light.flux * light.spectrum() for light in rounded)
    mine = cutout(spectrum * transfer(SURVEY)[2])
    airy = galsim.Airy(lam=row.wavelength, diam=SURVEY.mirror, obscuration=SURVEY.obscuration)
    parts = [_profile(rounded, 2, 1.0, gsparams=TIGHT), galsim.Kolmogorov(fwhm=row.seeing), airy]
    truth = galsim.Convolve(parts).withGSParams(TIGHT).drawImage(nx=STAMP, ny=STAMP, scale=PIXEL).array
    return float(np.abs(mine - truth).max() / truth.max())


def _rounded(light: Sersic) -> Sersic:
    from dataclasses import replace

    return replace(light, index=round(20 * light.index) / 20)


def rows(rounds: int = 5) -> list[table.Row]:
    """Return the rows of the race."""
    first = galaxies(0)
    noisy(first[0]), noisy_script(first[0], 1.0)
    plain, whole_way, known = [], [], []
    for turn in range(1, rounds + 1):
        asked, others = galaxies(2 * turn), galaxies(2 * turn + 1)
        plain.append((by_us(scene, asked), by_script(script, asked)))
        mine = by_us(noisy, others)
        whole_way.append((mine, by_script(noisy_script, others)))
        known.append((mine, by_script(noisy_script, others)))
    words = {"unit": "ms", "goal": "≥ 20×"}
    told = [
        table.by_cost(
            RACE, "ours", "GalSim script", *zip(*plain, strict=True), **words,
            limit="three inverse FFTs: a third of it",
        ),
        table.by_cost(
            RACE, "ours with noise", "GalSim script with noise", *zip(*whole_way, strict=True), **words,
            limit="three inverse FFTs and the random bits of 60,000 numbers: a fifth of it; those numbers: six tenths",
        ),
        table.by_cost(
            RACE, "ours with noise", "the script again: GalSim knows their indices", *zip(*known, strict=True),
            unit="ms",
        ),
    ]  # fmt: skip
    words = {"unit": "of the peak", "goal": "≤ 1e-4", "note": f"largest of {GALAXIES}, to GalSim at tight GSParams"}
    return [*told, table.alone(RACE, "ours", [max(map(error, first))], **words), *whole()]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    for row in rows(parser.parse_args().rounds):
        print(*table.cells(row), sep=" | ")


if __name__ == "__main__":
    main()
