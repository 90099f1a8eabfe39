"""What light does before it is counted: seeing, registration, rotation, pixels and redshift, held against GalSim."""

from __future__ import annotations

import math

import galsim
import numpy as np
import pytest
from astrobench import DataError, Streams, SuiteError
from astrobench_perturbations.pixel_scale import pixel_scale
from astrobench_perturbations.psf import psf
from astrobench_perturbations.redshift import redshift
from astrobench_perturbations.registration import registration
from astrobench_perturbations.rotation import rotation
from hypothesis import given, settings
from hypothesis import strategies as st
from plugins.perturbations.observed import (
    GAIN,
    MODEL,
    SCALE,
    SIDE,
    SKY,
    assert_poisson,
    drawn,
    galaxy,
    images_only,
    scenes,
)
from plugins.perturbations.skies import dim, sky

RNG = Streams("seeing")
LEVEL = np.array(SKY)[:, None, None]


@pytest.mark.parametrize("fwhm", [0.4, 0.9, 2.0])
def test_seeing_is_galsim_s_convolution(fwhm: float) -> None:
    found = psf(images_only(drawn(galaxy())), MODEL, RNG, fwhm=fwhm).flux
    expected = drawn(galsim.Convolve(galaxy(), galsim.Gaussian(fwhm=fwhm)))
    np.testing.assert_allclose(found[0, 1], expected, atol=2e-4 * expected.max())


def test_fwhms_add_in_quadrature() -> None:
    found = psf(images_only(drawn(galsim.Gaussian(fwhm=0.9))), MODEL, RNG, fwhm=1.2).flux
    expected = drawn(galsim.Gaussian(fwhm=1.5))
    np.testing.assert_allclose(found[0, 0], expected, atol=2e-4 * expected.max())


def test_light_does_not_come_back_at_the_other_edge() -> None:
    corner = np.zeros((SIDE, SIDE))
    corner[0, 0] = 1000.0
    found = psf(images_only(corner), MODEL, RNG, fwhm=2.0).flux
    assert abs(found[0, 0, -10:]).max() < 1e-3
    assert abs(found[0, 0, :, -10:]).max() < 1e-3


def test_a_blurred_scene_is_caught_with_noise_as_sharp_as_before() -> None:
    found = psf(scenes(drawn(galaxy())), MODEL, RNG, fwhm=1.2).flux
    assert_poisson(found, drawn(galsim.Convolve(galaxy(), galsim.Gaussian(fwhm=1.2))))
    corner = found[:, :, :8, :40].astype(float)  # empty sky
    lag = (corner[..., 1:] * corner[..., :-1]).mean() / (corner**2).mean()
    assert abs(lag) < 5 / math.sqrt(corner.size)


@pytest.mark.parametrize("fwhm", [0.1, 0.19])
def test_an_fwhm_below_the_pixel_is_refused(fwhm: float) -> None:
    with pytest.raises(SuiteError, match=rf"^psf: fwhm = {fwhm} arcsec is below the pixel of 0\.2 arcsec$"):
        psf(images_only(drawn(galaxy())), MODEL, RNG, fwhm=fwhm)


def test_bands_are_shifted_as_galsim_shifts_them() -> None:
    found = registration(images_only(drawn(galaxy()), 3), MODEL, RNG, pixels=2.7)
    for image in range(3):
        np.testing.assert_allclose(found.flux[image, 0], drawn(galaxy()), atol=0.01)
        for band in (1, 2):
            down, right = found.facts["rows"][image, band], found.facts["cols"][image, band]
            assert math.hypot(down, right) == pytest.approx(2.7, rel=1e-5)
            expected = drawn(galaxy().shift(right * SCALE, down * SCALE))
            np.testing.assert_allclose(found.flux[image, band], expected, atol=2e-4 * expected.max())


def test_directions_of_a_shift_are_uniform_and_each_image_s_own() -> None:
    facts = registration(images_only(np.zeros((4, 4)), 400), MODEL, RNG, pixels=1.0).facts
    turn = np.arctan2(facts["rows"][:, 1:], facts["cols"][:, 1:]) / (2 * math.pi) % 1
    assert abs(np.histogram(turn, 8, (0, 1))[0] - 100).max() < 5 * math.sqrt(100)
    assert abs(np.corrcoef(turn[:, 0], turn[:, 1])[0, 1]) < 5 / math.sqrt(400)


def test_a_shift_keeps_the_noise_of_an_image_white() -> None:
    batch = images_only(np.random.default_rng(0).normal(0, 10, (SIDE, SIDE)))
    found = registration(batch, MODEL, RNG, pixels=0.5).flux
    inner = np.s_[0, 1:, 4:-4, 4:-4]
    assert found[inner].std() == pytest.approx(10, rel=0.1)


def test_a_shift_beyond_the_image_is_refused() -> None:
    with pytest.raises(SuiteError, match=r"^registration: pixels = 48 is beyond the image of 48 by 48 pixels$"):
        registration(images_only(drawn(galaxy())), MODEL, RNG, pixels=48.0)


@pytest.mark.parametrize("degrees", [17.0, 90.0, 200.0])
def test_a_rotation_is_galsim_s(degrees: float) -> None:
    found = rotation(images_only(drawn(galaxy())), MODEL, RNG, degrees=degrees).flux
    expected = drawn(galaxy().rotate(degrees * galsim.degrees))
    np.testing.assert_allclose(found[1, 2], expected, atol=3e-3 * expected.max())


def test_a_quarter_turn_moves_pixels_and_changes_none() -> None:
    image = np.random.default_rng(1).normal(size=(SIDE, SIDE))
    found = rotation(images_only(image), MODEL, RNG, degrees=90.0).flux
    np.testing.assert_allclose(found[0, 0], np.rot90(image, -1), atol=1e-5)  # rows counted upwards


def test_a_turned_scene_is_caught_afresh() -> None:
    found = rotation(scenes(drawn(galaxy())), MODEL, RNG, degrees=45.0).flux
    assert_poisson(found, drawn(galaxy().rotate(45 * galsim.degrees)))


def test_pixels_twice_as_large_gather_two_by_two() -> None:
    scene = np.random.default_rng(2).uniform(0, 2000, (16, 16))
    found = pixel_scale(scenes(scene, 200), MODEL, RNG, arcsec=0.4).flux
    expected = np.zeros((16, 16))
    expected[4:12, 4:12] = scene.reshape(8, 2, 8, 2).sum((1, 3))
    assert_poisson(found, expected, 4 * LEVEL)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.2, 0.5))
def test_coarser_pixels_keep_flux_and_draw_what_galsim_draws(arcsec: float) -> None:
    from astrobench_perturbations.pixel_scale import _cover

    scene, cover = drawn(galaxy(), method="auto"), _cover(SIDE, arcsec / SCALE)
    found, expected = cover @ scene @ cover.T, drawn(galaxy(), arcsec, "auto")
    assert found.sum() == pytest.approx(scene.sum(), rel=1e-4)
    np.testing.assert_allclose(found, expected, atol=0.03 * expected.max())


def test_finer_pixels_and_an_unknown_scene_are_refused() -> None:
    with pytest.raises(SuiteError, match=r"^pixel_scale: arcsec = 0\.1 is finer than the observed 0\.2$"):
        pixel_scale(scenes(drawn(galaxy()), 1), MODEL, RNG, arcsec=0.1)
    with pytest.raises(DataError, match=r"^pixel_scale: the dataset has no noiseless scene"):
        pixel_scale(images_only(drawn(galaxy())), MODEL, RNG, arcsec=0.4)


def test_a_galaxy_at_twice_1_plus_z_is_sixteen_times_dimmer_under_the_same_sky() -> None:
    found = redshift(scenes(drawn(galaxy())), MODEL, RNG, z=1.0).flux
    assert_poisson(found, drawn(galaxy()) / 16)


def test_without_a_scene_dimming_makes_up_for_the_sky_s_noise() -> None:
    batch = scenes(np.zeros((SIDE, SIDE)), 40)
    blind = sky(batch.inputs, observation=images_only(np.zeros((4, 4))).observation)
    assert_poisson(redshift(blind, MODEL, RNG, z=0.3).flux, np.zeros((SIDE, SIDE)))
    bright = images_only(np.full((SIDE, SIDE), 1e4 / GAIN), 40)
    found = redshift(bright, MODEL, RNG, z=0.3).flux
    assert found.mean() * GAIN == pytest.approx(1e4 / 1.3**4, rel=1e-3)


@pytest.mark.parametrize(("perturb", "params"), [(redshift, {"z": 1.0}), (pixel_scale, {"arcsec": 1.0})])
def test_images_without_flux_are_refused(perturb, params) -> None:
    with pytest.raises(DataError, match=rf"^{perturb.__name__}: the dataset has no flux in e⁻: it does not say"):
        perturb(sky(dim(1)), MODEL, RNG, **params)
