"""What happens to counted electrons: sky, calibration, faulty pixels, tracks and gradients, in closed form."""

from __future__ import annotations

import math

import numpy as np
import pytest
from astrobench import DataError, Streams, SuiteError
from astrobench.conformance import check
from astrobench.registry import Registry
from astrobench_perturbations import ATTACKS, NATURAL
from astrobench_perturbations.background_gradient import background_gradient
from astrobench_perturbations.bad_columns import bad_columns
from astrobench_perturbations.cosmic_rays import cosmic_rays
from astrobench_perturbations.dead_pixels import dead_pixels
from astrobench_perturbations.gain import gain
from astrobench_perturbations.hot_pixels import hot_pixels
from astrobench_perturbations.satellite_trail import satellite_trail
from astrobench_perturbations.sky import sky as brighter_sky
from astrobench_perturbations.tracks import band_profile, deposit
from astrobench_perturbations.zeropoint import zeropoint
from hypothesis import given
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
from scipy import stats

RNG = Streams("detector")
LEVEL = np.array(SKY)[:, None, None]
EMPTY = images_only(np.zeros((SIDE, SIDE)), 40)
INSTALLED = Registry.load()
NEEDS_FLUX = {
    "background_gradient": 0.1, "bad_columns": 0.1, "cosmic_rays": 1.0, "dead_pixels": 0.1, "exposure": 1.0,
    "gain": 0.1, "hot_pixels": 0.1, "satellite_trail": 10.0, "sky": 1.0,
}  # fmt: skip
SHORT = {name: {"population": 8, "generations": 2} for name in ("one_pixel", "few_pixel")}
OUTSIDE = {"jpeg": 96, "few_pixel": 0, "exposure": 0.0, "psf": 0.0, "rice": 0.0, "pixel_scale": 0.0}


def changed(name: str, batch, value: float):
    plugin = INSTALLED.get("perturbations", name)
    return plugin.resolve()(batch, MODEL, RNG, **plugin.complete({plugin.signature.severity.parameter: value}))


@pytest.mark.parametrize("name", [*NATURAL, *ATTACKS])
def test_every_perturbation_keeps_the_contract(name: str) -> None:
    report = check(INSTALLED, "perturbations", name, SHORT.get(name))
    assert [(one.name, one.told) for one in report.failures] == []


@pytest.mark.parametrize("name", [*NATURAL, "few_pixel", "fgsm", "pgd"])
def test_a_severity_outside_its_physical_range_is_refused_before_anything_runs(name: str) -> None:
    plugin = INSTALLED.get("perturbations", name)
    told = plugin.signature.severity
    assert told is not None
    with pytest.raises(
        SuiteError, match=rf"^perturbation '{name}': {told.parameter} = .*: expected (int|float) in \S+ \S+$"
    ):
        plugin.complete({told.parameter: OUTSIDE.get(name, -1.0)})


@pytest.mark.parametrize("name", sorted(set(NATURAL) - {"exposure", "jpeg", "pixel_scale", "psf", "rice"}))
def test_a_harmless_severity_changes_nothing(name: str) -> None:
    batch = images_only(drawn(galaxy()))
    np.testing.assert_allclose(changed(name, batch, 0.0).flux, batch.flux, atol=1e-3)


@pytest.mark.parametrize("name", sorted(NEEDS_FLUX))
def test_images_without_flux_are_refused_in_one_line(name: str) -> None:
    with pytest.raises(DataError, match=rf"^{name}: the dataset .*does not say how its images were observed.*$"):
        changed(name, sky(dim(1)), NEEDS_FLUX[name])


def test_a_sky_brighter_by_x_has_the_noise_of_that_sky() -> None:
    found = brighter_sky(scenes(drawn(galaxy())), MODEL, RNG, brighter=1.5).flux
    assert_poisson(found, drawn(galaxy()), LEVEL * 10**0.6)


def test_a_brighter_sky_keeps_the_electrons_that_were_caught() -> None:
    batch = scenes(drawn(galaxy()))
    added = brighter_sky(batch, MODEL, RNG, brighter=1.5).flux - batch.flux
    assert abs(np.corrcoef(added.ravel(), (batch.flux - batch.flux.mean(0)).ravel())[0, 1]) < 5 / math.sqrt(added.size)


def test_a_zero_point_scales_signal_and_noise() -> None:
    batch = scenes(drawn(galaxy()), 2)
    np.testing.assert_allclose(zeropoint(batch, MODEL, RNG, offset=2.5).flux, batch.flux / 10, rtol=1e-6)
    brighter = zeropoint(batch, MODEL, RNG, offset=2.5, direction="brighter").flux
    np.testing.assert_allclose(brighter, batch.flux * 10, rtol=1e-6)


def test_a_wrong_amplifier_counts_galaxy_and_sky_too_high_on_its_side() -> None:
    batch = images_only(drawn(galaxy()), 40)
    found = gain(batch, MODEL, RNG, error=0.02)
    for row in range(40):
        column, wrong = found.facts["column"][row], np.zeros(SIDE, bool)
        wrong[:column] = found.facts["left"][row]
        wrong[column:] = not found.facts["left"][row]
        caught = (batch.flux[row] * GAIN + LEVEL) * np.where(wrong, 1.02, 1.0)
        np.testing.assert_allclose(found.flux[row], (caught - LEVEL) / GAIN, rtol=1e-4, atol=1e-2)
    assert 0 < found.facts["left"].mean() < 1
    assert found.facts["column"].min() >= 1


@pytest.mark.parametrize("fraction", [0.01, 0.3])
def test_a_dead_pixel_counts_nothing_in_any_band(fraction: float) -> None:
    found = dead_pixels(EMPTY, MODEL, RNG, fraction=fraction)
    dead = found.flux[:, 0] != 0
    for band in range(3):
        np.testing.assert_allclose(found.flux[:, band], np.where(dead, -SKY[band] / GAIN, 0.0), rtol=1e-6)
    np.testing.assert_array_equal(found.facts["pixels"], dead.sum((1, 2)))
    assert stats.binomtest(int(dead.sum()), dead.size, fraction).pvalue > 1e-4


def test_a_bad_column_is_dead_from_top_to_bottom() -> None:
    found = bad_columns(EMPTY, MODEL, RNG, fraction=0.1)
    dead = found.flux[:, 1] != 0
    np.testing.assert_array_equal(dead, np.broadcast_to(dead[:, :1], dead.shape))
    np.testing.assert_array_equal(found.facts["columns"], dead[:, 0].sum(1))
    assert stats.binomtest(int(dead[:, 0].sum()), 40 * SIDE, 0.1).pvalue > 1e-4


def test_a_hot_pixel_counts_as_many_electrons_too_many_in_every_band() -> None:
    found = hot_pixels(EMPTY, MODEL, RNG, fraction=0.05, electrons=7000.0)
    hot = found.flux[:, 2] != 0
    np.testing.assert_allclose(found.flux, 7000 / GAIN * np.repeat(hot[:, None], 3, 1), rtol=1e-6)
    assert stats.binomtest(int(hot.sum()), hot.size, 0.05).pvalue > 1e-4


def test_a_gradient_is_a_plane_of_mean_zero_that_rises_by_its_amplitude_over_the_width() -> None:
    found = background_gradient(EMPTY, MODEL, RNG, amplitude=0.1)
    rows, cols = np.mgrid[:SIDE, :SIDE]
    terms = np.stack([np.ones(SIDE**2), rows.ravel(), cols.ravel()], axis=1)
    fits, left, *_ = np.linalg.lstsq(terms, found.flux.reshape(-1, SIDE**2).T.astype(float))
    assert left.max() < 1e-4
    np.testing.assert_allclose(found.flux.mean((2, 3)), 0, atol=1e-4)
    rise = np.hypot(fits[1], fits[2]).reshape(-1, 3) * SIDE
    np.testing.assert_allclose(rise, np.broadcast_to(0.1 * np.array(SKY) / GAIN, rise.shape), rtol=1e-4)
    towards = np.arctan2(fits[1], fits[2]).reshape(-1, 3)
    np.testing.assert_allclose(np.exp(1j * towards), np.exp(1j * found.facts["angle"])[:, None].repeat(3, 1), atol=1e-4)


@given(st.tuples(st.floats(0, 9), st.floats(0, 9)), st.tuples(st.floats(0, 9), st.floats(0, 9)))
def test_a_track_inside_an_image_leaves_its_total_on_the_line(start, end) -> None:
    image = np.zeros((10, 10))
    deposit(image, start, end, 5.0)
    assert image.sum() == pytest.approx(5)
    rows, cols = np.mgrid[:10, :10]
    assert (image * cols).sum() / 5 == pytest.approx((start[1] + end[1]) / 2, abs=0.51)
    assert (image * rows).sum() / 5 == pytest.approx((start[0] + end[0]) / 2, abs=0.51)


def test_muons_come_at_their_rate_and_leave_80_electrons_a_micron() -> None:
    """A path through a layer t is t / cos θ; with the density cos³θ sin θ its mean is 4 t / 3."""
    found = cosmic_rays(EMPTY, MODEL, RNG, rate=2000.0, pixel=1e4)  # pixels so large that every track stays in one
    mean = 2000 * (SIDE * SCALE / 60) ** 2
    hits = found.facts["hits"]
    assert abs(hits.mean() - mean) < 5 * math.sqrt(mean / hits.size)
    per_hit = found.flux.astype(float).sum() * GAIN / hits.sum()
    assert per_hit == pytest.approx(80 * 100 * 4 / 3, rel=0.02)


def test_a_longer_track_crosses_more_pixels() -> None:
    thin, thick = (cosmic_rays(EMPTY, MODEL, RNG, rate=300.0, thickness=t, pixel=10.0).flux for t in (1.0, 1000.0))
    assert (thick > 0).sum() > 5 * (thin > 0).sum() > 0


def test_bands_are_hit_at_different_times() -> None:
    flux = cosmic_rays(EMPTY, MODEL, RNG, rate=500.0).flux
    both = ((flux[:, 0] > 0) & (flux[:, 1] > 0)).mean()
    assert both < 3 * (flux[:, 0] > 0).mean() * (flux[:, 1] > 0).mean() + 1e-3


def test_a_trail_has_its_electrons_for_each_pixel_of_length() -> None:
    profile = band_profile((SIDE, SIDE), math.pi / 2, 3.3, 2.5)
    np.testing.assert_allclose(profile.sum(0), 1, rtol=1e-6)
    assert profile[:, 0].argmax() == round(SIDE / 2 - 0.5 + 3.3)


def test_a_trail_crosses_one_band_of_every_image_with_photon_noise() -> None:
    found = satellite_trail(EMPTY, MODEL, RNG, electrons=5000.0)
    touched = (found.flux != 0).any((2, 3))
    np.testing.assert_array_equal(touched.argmax(1), found.facts["band"])
    assert touched.sum() == 40
    sigma = 2.0 / (2 * math.sqrt(2 * math.log(2))) / SCALE
    for row, (band, angle, offset) in enumerate(
        zip(*(found.facts[k] for k in ("band", "angle", "offset")), strict=True)
    ):
        mean = 5000 * band_profile((SIDE, SIDE), float(angle), float(offset), sigma)
        caught = found.flux[row, band].astype(float) * GAIN
        bright = mean > 20
        standard = (caught - mean)[bright] / np.sqrt(mean[bright])
        assert abs(standard.mean()) < 5 / math.sqrt(standard.size)
        assert abs(standard.var() - 1) < 6 * math.sqrt(2 / standard.size)


def test_a_trail_narrower_than_a_pixel_is_refused() -> None:
    with pytest.raises(SuiteError, match=r"^satellite_trail: fwhm = 0\.1 arcsec is below the pixel of 0\.2 arcsec$"):
        satellite_trail(EMPTY, MODEL, RNG, electrons=1.0, fwhm=0.1)
