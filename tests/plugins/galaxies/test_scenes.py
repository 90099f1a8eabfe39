"""Scenes are held to GalSim, and galaxies to being functions of their number."""

from __future__ import annotations

import math

import galsim
import numpy as np
import pytest
import scipy.fft
from astrobench_galaxies.label_check import agreement, shortcuts
from astrobench_galaxies.morphology import CLASSES, MERGER, Shape
from astrobench_galaxies.scenes import Galaxy, Recipe, draw
from astrobench_galaxies.scenes import galaxies as scenes
from astrobench_galaxies.scenes.ellipticals import elliptical
from astrobench_galaxies.scenes.light import Blobs, Hue, Painting, Sersic, canvas_axes
from astrobench_galaxies.scenes.mergers import merger
from astrobench_galaxies.scenes.plane import PIXEL, STAMP, cutout, transfer
from astrobench_galaxies.scenes.spirals import spiral
from astrobench_galaxies.survey import survey_named
from hypothesis import given, settings
from hypothesis import strategies as st

RECIPE = Recipe(seed=0, survey="LSST", brightest=21.2, faintest=24.2)
LSST = survey_named("LSST")
GREY = Hue(0.0, 0.0)
TIGHT = galsim.GSParams(folding_threshold=1e-4, maxk_threshold=1e-4, maximum_fft_size=16384)


@pytest.fixture(scope="module")
def galaxies() -> list[Galaxy]:
    """Draw enough galaxies to speak of classes."""
    return [draw(RECIPE, number) for number in range(450)]


def seen(light: Sersic | Blobs | Painting, band: int = 2) -> np.ndarray:
    return cutout(light.spectrum() * transfer(LSST)[band])


def by_galsim(profile: galsim.GSObject, band: int = 2) -> np.ndarray:
    row = LSST.bands[band]
    airy = galsim.Airy(lam=row.wavelength, diam=LSST.mirror, obscuration=LSST.obscuration)
    parts = [profile.withGSParams(TIGHT), galsim.Kolmogorov(fwhm=row.seeing), airy]
    image = galsim.Convolve(parts).withGSParams(TIGHT).drawImage(nx=STAMP, ny=STAMP, scale=PIXEL)
    return np.asarray(image.array)


def error_of_peak(ours: np.ndarray, truth: np.ndarray) -> float:
    return float(np.abs(ours - truth).max() / truth.max())


@pytest.mark.parametrize("index", [0.5, 1.0, 2.5, 4.0])
def test_a_sersic_profile_is_galsims_to_2e_4_of_its_peak(index: float):
    ours = seen(Sersic(1.0, GREY, index, 1.45, 0.6, 0.7, 0.31, -0.12))
    profile = galsim.Sersic(index, half_light_radius=1.45).shear(q=0.6, beta=0.7 * galsim.radians).shift(0.31, -0.12)
    assert error_of_peak(ours, by_galsim(profile)) < 2e-4


@pytest.mark.parametrize("band", [0, 1, 2])
def test_a_point_source_is_galsims_point_spread_function_in_every_band(band: int):
    ours = seen(Blobs(np.ones(1), GREY, np.full(1, 1e-3), np.full(1, 0.07), np.full(1, 0.4)), band)
    assert error_of_peak(ours, by_galsim(galsim.Gaussian(sigma=1e-3).shift(0.07, 0.4), band)) < 1e-4


def test_painted_light_is_galsims_to_1e_4_of_its_peak():
    x, y = canvas_axes()
    ours = seen(Painting(1.0, GREY, np.exp(-((x - 0.3) ** 2 + (y + 0.2) ** 2) / (2 * 0.4**2))))
    assert error_of_peak(ours, by_galsim(galsim.Gaussian(sigma=0.4).shift(0.3, -0.2))) < 1e-4


def test_the_middle_of_the_cut_out_lies_between_its_pixels():
    image = seen(Sersic(1.0, GREY, 2.0, 1.0))
    np.testing.assert_allclose(image, image[::-1, ::-1], atol=1e-5 * image.max())


@pytest.mark.parametrize("paint", [spiral, elliptical, merger])
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), radius=st.floats(0.7, 2.8))
def test_the_parts_of_a_galaxy_share_out_all_of_its_light(paint, seed: int, radius: float):
    parts = paint(np.random.default_rng(seed), radius)
    assert sum(part.flux for part in parts) == pytest.approx(1)
    assert all(part.flux >= 0 for part in parts)


def test_a_spirals_painted_disc_has_the_flux_it_claims():
    for part in spiral(np.random.default_rng(1), 1.0):
        assert float(part.spectrum()[0, 0].real) == pytest.approx(part.flux, rel=2e-3)


def test_a_galaxy_is_the_same_alone_or_after_others(galaxies: list[Galaxy]):
    np.testing.assert_array_equal(draw(RECIPE, 7).scene, galaxies[7].scene)


def test_another_seed_or_number_is_another_galaxy(galaxies: list[Galaxy]):
    other = draw(Recipe(1, "LSST", 21.2, 24.2), 7)
    assert len({galaxy.magnitude for galaxy in (other, *galaxies)}) == 1 + len(galaxies)


def test_a_galaxy_leaves_the_electrons_of_its_magnitude(galaxies: list[Galaxy]):
    for galaxy in galaxies[:60]:
        held = galaxy.scene[2].sum() / LSST.bands[2].electrons(galaxy.magnitude, years=1.0)
        assert 0.6 < held < 1.02  # the rest is wings beyond the cut-out


def test_classes_take_turns(galaxies: list[Galaxy]):
    assert np.bincount([galaxy.label for galaxy in galaxies]).tolist() == [150, 150, 150]


def test_magnitudes_and_sizes_keep_to_the_recipe(galaxies: list[Galaxy]):
    radii = np.array([galaxy.radius for galaxy in galaxies])
    at_median = np.array([galaxy.magnitude for galaxy in galaxies]) + 2 * np.log10(radii / 1.45)
    assert (radii.min(), radii.max()) >= (0.7, 0.7)
    assert radii.max() <= 2.8
    assert 21.2 <= at_median.min() < 21.3
    assert 24.1 < at_median.max() <= 24.2
    assert np.median(radii) == pytest.approx(1.45, abs=0.1)


def test_nearly_every_label_was_confirmed_within_the_tries(galaxies: list[Galaxy]):
    assert np.mean([galaxy.agrees for galaxy in galaxies]) > 0.97


@pytest.mark.parametrize(
    ("ginis", "kept", "agrees"),
    [
        ([0.60, 0.58, *[0.30] * 23], 1, True),  # inside, yet crowded out of the class: the last of those
        ([0.30, 0.46, 0.40, *[0.35] * 22], 1, False),  # none inside: the nearest
        ([math.nan] * 25, 24, False),
    ],
)
def test_a_galaxy_whose_tries_ran_out_keeps_the_last_inside_its_region_or_the_nearest(
    ginis: list[float], kept: int, agrees: bool, monkeypatch: pytest.MonkeyPatch
):
    tries = [scenes._Attempt((), np.full(1, number), Shape(gini, -1.0)) for number, gini in enumerate(ginis)]
    waiting = iter(tries)
    monkeypatch.setattr(scenes, "_attempt", lambda *_: next(waiting))
    monkeypatch.setattr(scenes, "_kept", lambda *_: False)
    monkeypatch.setattr(scenes, "_seen", lambda attempt, *_: attempt.spectra)
    galaxy = draw(RECIPE, MERGER)
    assert (galaxy.scene[0], galaxy.agrees, galaxy.tries) == (kept, agrees, 25)


def test_statmorph_puts_the_classes_into_their_regions(galaxies: list[Galaxy], capsys):
    fractions = {name: float(np.mean(agrees)) for name, agrees in agreement(galaxies[30:54]).items()}
    with capsys.disabled():
        print("\nin their Gini-M20 region by statmorph, 8 of each class:", fractions)
    assert fractions["spiral"] >= 0.85
    assert fractions["elliptical"] >= 0.85
    assert fractions["merger"] >= 0.6  # TNG100's mergers hug the line too: their median S is 0.02


def test_magnitude_size_and_colour_do_not_give_the_class_away(galaxies: list[Galaxy]):
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import cross_val_predict

    known = np.array([shortcuts(galaxy) for galaxy in galaxies])
    labels = np.array([galaxy.label for galaxy in galaxies])

    def accuracy(columns: list[int]) -> float:
        forest = RandomForestClassifier(100, min_samples_leaf=5, random_state=0)
        return float((cross_val_predict(forest, known[:, columns], labels, cv=5) == labels).mean())

    assert len(CLASSES) == 3
    assert accuracy([0]) <= 0.40
    assert accuracy([0, 1, 2, 3]) <= 0.55


def test_a_cutout_is_the_middle_of_the_whole_box():
    """Rows that are thrown away are not transformed; those that stay are the same bits."""
    rng = np.random.default_rng(0)
    spectrum = rng.normal(size=(2, 192, 97, 2)).astype(np.float32).view(np.complex64)[..., 0]
    whole = scipy.fft.irfft2(spectrum, s=(192, 192))[:, 46:146, 46:146]
    np.testing.assert_array_equal(cutout(spectrum.copy()), whole)
