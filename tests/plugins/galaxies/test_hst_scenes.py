"""Galaxies at z ≈ 2: optics held to GalSim, classes that nothing but shape tells apart."""

from __future__ import annotations

import galsim
import numpy as np
import pytest
from astrobench_galaxies.hst_scenes import Recipe, draw, label_of
from astrobench_galaxies.hst_scenes.hosts import moved, scaled
from astrobench_galaxies.hst_scenes.projection import PER_ARCSEC, cutout, transfer
from astrobench_galaxies.hst_survey import BANDS, FILTERS, JITTER, PIXEL_SCALE, STAMP, nanojansky
from astrobench_galaxies.label_check import half_light_radius
from astrobench_galaxies.scenes.light import Blobs, Hue, Sersic

RECIPE = Recipe(seed=0, brightest=21.8, faintest=24.8)
HUE = Hue(0.5, 0.3)


@pytest.fixture(scope="module")
def galaxies() -> list:
    return [draw(RECIPE, number) for number in range(120)]


@pytest.mark.parametrize("band", range(len(BANDS)))
def test_a_galaxy_looks_as_galsim_draws_it(band: int) -> None:
    """Independent truth: GalSim convolves and draws the same profile through the same telescope."""
    light = Sersic(2.0, HUE, 1.5, 0.3 * PER_ARCSEC, 0.6, 0.4, 0.5 * PER_ARCSEC, -0.2 * PER_ARCSEC)
    ours, telescope = cutout(light.spectrum() * transfer()[band]), FILTERS[band]
    theirs = galsim.Convolve(
        galsim.Sersic(1.5, half_light_radius=0.3, flux=2).shear(q=0.6, beta=0.4 * galsim.radians).shift(0.5, -0.2),
        galsim.Airy(lam=telescope.wavelength, diam=telescope.mirror, obscuration=telescope.obscuration),
        galsim.Gaussian(sigma=JITTER),
        galsim.Pixel(telescope.detector),
    ).drawImage(nx=STAMP, ny=STAMP, scale=PIXEL_SCALE, method="fft").array  # fmt: skip
    np.testing.assert_allclose(ours, theirs, atol=0.003 * theirs.max())


def test_a_galaxy_is_the_same_whatever_else_is_drawn(galaxies: list) -> None:
    np.testing.assert_array_equal(draw(RECIPE, 7).scene, galaxies[7].scene)
    assert not np.array_equal(draw(Recipe(1, 21.8, 24.8), 7).scene, galaxies[7].scene)


def test_scenes_are_finite_and_not_negative(galaxies: list) -> None:
    for galaxy in galaxies:
        assert galaxy.scene.shape == (3, 75, 75)
        assert galaxy.scene.dtype == np.float32
        assert np.isfinite(galaxy.scene).all()
        assert galaxy.scene.min() >= 0


def test_f160w_holds_the_flux_of_the_magnitude(galaxies: list) -> None:
    held = [galaxy.scene[2].sum() / nanojansky(galaxy.magnitude) for galaxy in galaxies]
    assert 0.9 < np.median(held) < 1.1  # wings leave the cut-out, neighbours (8 % at most, each) add


def test_the_ab_system_has_its_zero_point() -> None:
    assert nanojansky(23.9) == pytest.approx(1000, rel=1e-6)  # 1 µJy


def test_channels_are_as_bright_to_each_other_as_in_the_genuine_set(galaxies: list) -> None:
    flux = np.mean([galaxy.scene.sum((1, 2)) for galaxy in galaxies], axis=0)
    np.testing.assert_allclose(flux / flux[2], [0.0375 / 0.0679, 0.0333 / 0.0679, 1], atol=0.15)


def test_classes_take_turns(galaxies: list) -> None:
    assert [galaxy.label for galaxy in galaxies] == [number % 2 for number in range(120)]
    assert label_of(3) == 1


def test_mergers_are_as_large_as_they_were_drawn(galaxies: list) -> None:
    for label in (0, 1):
        ratios = [
            half_light_radius(galaxy.scene[2]) * PIXEL_SCALE / galaxy.radius
            for galaxy in galaxies
            if galaxy.label == label
        ]
        assert np.median(ratios) == pytest.approx(1, abs=0.06)


def test_magnitude_size_and_colour_do_not_tell_the_classes_apart(galaxies: list) -> None:
    """A random forest on what a catalogue without shapes knows stays near chance."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import cross_val_score

    known = [
        (*(-2.5 * np.log10(galaxy.scene.sum((1, 2)) / galaxy.scene[2].sum())[:2]), half_light_radius(galaxy.scene[2]),
         galaxy.scene[2].sum())
        for galaxy in galaxies
    ]  # fmt: skip
    forest = RandomForestClassifier(50, min_samples_leaf=5, random_state=0)
    score = cross_val_score(forest, np.array(known), [galaxy.label for galaxy in galaxies], cv=4).mean()
    assert score < 0.64  # chance 0.5, standard error 0.046


TWINS = Blobs(np.ones(2) / 2, HUE, np.ones(2), np.zeros(2), np.ones(2))


@pytest.mark.parametrize("light", [Sersic(1, HUE, 2, 3), TWINS])
def test_moved_and_scaled_light_keeps_its_flux(light: Sersic | Blobs) -> None:
    changed = scaled(moved(light, 2, -1), 1.5)
    assert changed.spectrum()[0, 0].real == pytest.approx(1, rel=1e-5)
    np.testing.assert_allclose(changed.x, np.add(light.x, 2) * 1.5)
    np.testing.assert_allclose(changed.y, np.add(light.y, -1) * 1.5)
