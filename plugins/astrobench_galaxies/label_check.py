"""Do the mock galaxies deserve their labels, and can anything simpler than their shape guess them?

`python -m astrobench_galaxies.label_check --each 60` asks statmorph for Gini and M20 of fresh noiseless galaxies and
prints the fraction of each class that lies in its region; it takes about a second a galaxy and needs `[test]`.
"""

from __future__ import annotations

import argparse
import warnings
from typing import TYPE_CHECKING

import numpy as np

from astrobench_galaxies.morphology import CLASSES, Shape, footprint, shape_of
from astrobench_galaxies.scenes import Recipe, draw
from astrobench_galaxies.survey import survey_named

if TYPE_CHECKING:
    from astrobench_galaxies.scenes import Galaxy

DEFAULT = Recipe(seed=0, survey="LSST", brightest=21.2, faintest=24.2)
_YEARS, _I_BAND = 10.0, 2
_NOISE = 0.01  # of the ten-year sky noise: statmorph wants a background to measure, noiseless images have none


def shape_by_statmorph(image: np.ndarray, sigma: float) -> Shape:
    """Return Gini and M20 of float32 (H, W) by statmorph, on the same footprint as `shape_of`."""
    import statmorph

    class OnlyWhatIsAsked(statmorph.SourceMorphology):  # type: ignore[misc]
        """Without this override statmorph also fits a Sérsic profile and measures thirty other things."""

        def _calculate_morphology(self) -> None:
            pass

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = OnlyWhatIsAsked(image.astype(float), footprint(image, sigma).astype(int), 1, gain=1.0)
        return Shape(float(found.gini), float(found.m20))


def noiseless(galaxy: Galaxy, recipe: Recipe = DEFAULT) -> tuple[np.ndarray, float]:
    """Return a galaxy's ten-year i-band image in e⁻ with a trace of noise, and that noise's sigma."""
    sigma = _NOISE * survey_named(recipe.survey).sky(_YEARS)[_I_BAND] ** 0.5
    trace = np.random.default_rng(0).normal(0, sigma, galaxy.scene.shape[1:])
    return (galaxy.scene[_I_BAND] * _YEARS + trace).astype(np.float32), sigma


def agreement(galaxies: list[Galaxy]) -> dict[str, list[bool]]:
    """Return, per class, whether each noiseless galaxy lies in its class's region by statmorph."""
    agrees: dict[str, list[bool]] = {name: [] for name in CLASSES}
    for galaxy in galaxies:
        agrees[CLASSES[galaxy.label]].append(shape_by_statmorph(*noiseless(galaxy)).region() == galaxy.label)
    return agrees


def shortcuts(galaxy: Galaxy) -> tuple[float, float, float, float]:
    """Return what a catalogue without shapes knows: i magnitude, half-light radius (pixels), g-r and r-i, measured."""
    g, r, i = (-2.5 * np.log10(max(float(band.sum()), 1e-3)) for band in galaxy.scene)
    return i, half_light_radius(galaxy.scene[_I_BAND]), g - r, r - i


def half_light_radius(image: np.ndarray) -> float:
    """Return the radius in pixels about the centroid that holds half the light of a noiseless image."""
    rows, columns = np.indices(image.shape)
    y, x = (float((axis * image).sum() / image.sum()) for axis in (rows, columns))
    distance = np.hypot(rows - y, columns - x).ravel()
    order = np.argsort(distance)
    light = image.ravel()[order].cumsum()
    return float(distance[order][np.searchsorted(light, light[-1] / 2)])


def main() -> None:
    """Measure, and print a line a class."""
    parser = argparse.ArgumentParser(description="hold the mock galaxies to their labels with statmorph")
    parser.add_argument("--each", type=int, default=60, help="galaxies of each class")
    parser.add_argument("--first", type=int, default=0, help="number of the first galaxy")
    options = parser.parse_args()
    galaxies = [draw(DEFAULT, options.first + number) for number in range(options.each * len(CLASSES))]
    unconfirmed = [galaxy.label for galaxy in galaxies if not galaxy.agrees]
    print(f"{len(unconfirmed)} of {len(galaxies)} kept outside their class's region: the nearest of all tries")
    for name, agrees in agreement(galaxies).items():
        shapes = [shape_of(*noiseless(galaxy)) for galaxy in galaxies if CLASSES[galaxy.label] == name]
        gini, m20 = (float(np.median(values)) for values in zip(*shapes, strict=True))
        print(
            f"{name:10} {np.mean(agrees):.2f} of {len(agrees)} in their region; median Gini {gini:.2f}, M20 {m20:.2f}"
        )


if __name__ == "__main__":
    main()
