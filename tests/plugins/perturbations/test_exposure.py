"""What another exposure promises: Poisson statistics of the new exposure, the same noise for the same galaxy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from astrobench import Batch, DataError, Observation, Streams, SuiteError
from astrobench_perturbations.exposure import exposure
from astrobench_perturbations.none import none
from plugins.perturbations.skies import always, dim, sky
from torch import nn

SKY = (2330.0, 12720.0, 17948.0)
MODEL: nn.Module = always(0)


def observed(years: float, *, scene: bool, images: int = 40, side: int = 16) -> tuple[Batch, np.ndarray]:
    """Return a batch caught in `years`, and the source's mean e⁻ per ten years, float64 (C, H, W)."""
    rows, cols = np.mgrid[:side, :side] - side / 2
    source = 4000.0 * np.exp(-np.hypot(rows, cols) / 3)[None] * np.array([0.5, 1.0, 2.0])[:, None, None]
    level = np.array(SKY)[:, None, None]
    stream = np.random.default_rng(11)
    flux = stream.poisson((source + level) * years / 10, (images, 3, side, side)) - level * years / 10
    batch = sky(torch.from_numpy((flux / years).astype(np.float32)))
    known = np.repeat((source * years / 10).astype(np.float32)[None], images, 0) if scene else None
    return replace(batch, observation=Observation(years, tuple(level.ravel() * years / 10), known, gain=years)), source


def assert_poisson(flux: np.ndarray, source: np.ndarray, years: float) -> None:
    """Mean = source and variance = source + sky, at `years`, within five standard errors of each pooled statistic."""
    flux = flux * years  # back to e⁻: images are calibrated to e⁻ per year
    mean, variance = source * years / 10, (source + np.array(SKY)[:, None, None]) * years / 10
    standard = (flux - mean) / np.sqrt(variance)
    assert abs(standard.mean()) < 5 / np.sqrt(standard.size)
    assert abs(standard.var() - 1) < 5 * np.sqrt(2 / standard.size)
    for band in range(3):
        part = standard[:, band]
        assert abs(part.mean()) < 5 / np.sqrt(part.size)
        assert abs(part.var() - 1) < 5 * np.sqrt(2 / part.size)


@pytest.mark.parametrize("years", [0.5, 1.0, 10.0, 30.0])
def test_a_known_scene_is_caught_with_poisson_statistics_in_any_number_of_years(years: float) -> None:
    batch, source = observed(10.0, scene=True)
    flux = exposure(batch, MODEL, Streams("noise"), years=years).flux
    assert flux is not None
    assert (flux.dtype, flux.shape) == (np.float32, batch.flux.shape)
    assert_poisson(flux, source, years)


@pytest.mark.parametrize("years", [1.0, 5.0])
def test_thinned_counts_have_the_mean_and_variance_of_the_shorter_exposure(years: float) -> None:
    batch, source = observed(10.0, scene=False)
    flux = exposure(batch, MODEL, Streams("noise"), years=years).flux
    assert flux is not None
    assert_poisson(flux, source, years)


def test_thinning_keeps_the_noise_that_was_caught() -> None:
    """In e⁻, the covariance of the thinned with the whole exposure is f times that of the whole; per year, equal."""
    batch, _ = observed(10.0, scene=False)
    flux = exposure(batch, MODEL, Streams("noise"), years=2.0).flux
    assert flux is not None
    long, short = (x - x.mean(0) for x in (batch.flux.astype(float), flux.astype(float)))
    slope = (long * short).sum() / (long**2).sum()
    assert slope == pytest.approx(1.0, abs=0.1)


def test_all_observed_years_without_a_scene_are_the_image_itself() -> None:
    batch, _ = observed(10.0, scene=False, images=3)
    flux = exposure(batch, MODEL, Streams("noise"), years=10.0).flux
    np.testing.assert_allclose(flux, batch.flux, atol=0.01)


def test_all_observed_years_of_a_scene_are_caught_afresh() -> None:
    batch, _ = observed(10.0, scene=True, images=3)
    flux = exposure(batch, MODEL, Streams("noise"), years=10.0).flux
    assert flux is not None
    assert np.corrcoef((flux - batch.flux.mean(0)).ravel(), (batch.flux - batch.flux.mean(0)).ravel())[0, 1] < 0.9


def test_a_galaxy_is_as_bright_in_one_year_as_in_ten() -> None:
    batch, _ = observed(10.0, scene=True)
    flux = exposure(batch, MODEL, Streams("noise"), years=1.0).flux
    assert flux is not None
    assert batch.flux.sum() / flux.sum() == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize("scene", [True, False])
def test_the_noise_of_a_galaxy_is_its_own_alone_or_in_any_batch(scene: bool) -> None:
    batch, _ = observed(10.0, scene=scene, images=4)
    alone = batch.observation
    assert alone is not None
    only = slice(2, 3)
    single = replace(
        batch,
        flux=batch.flux[only],
        inputs=batch.inputs[only],
        ids=batch.ids[only],
        observation=replace(alone, scene=None if alone.scene is None else alone.scene[only]),
    )
    whole, part = (exposure(some, MODEL, Streams("noise"), years=2.0).flux for some in (batch, single))
    assert whole is not None
    np.testing.assert_array_equal(part, whole[only])


def test_another_scope_is_another_noise() -> None:
    batch, _ = observed(10.0, scene=True, images=2)
    one, two = (exposure(batch, MODEL, Streams(scope), years=2.0).flux for scope in ("seed 0", "seed 1"))
    assert one is not None
    assert not np.array_equal(one, two)


@pytest.mark.parametrize("years", [0.0, -1.0, float("nan"), float("inf")])
def test_years_that_cannot_be_observed_are_refused(years: float) -> None:
    batch, _ = observed(10.0, scene=True, images=1)
    with pytest.raises(SuiteError, match=r"^exposure: years = .*, want a number above 0$"):
        exposure(batch, MODEL, Streams("noise"), years=years)


def test_more_years_than_observed_need_a_scene() -> None:
    batch, _ = observed(1.0, scene=False, images=1)
    with pytest.raises(DataError, match=r"years = 10 without a noiseless scene, want at most the observed 1$"):
        exposure(batch, MODEL, Streams("noise"), years=10.0)


def test_images_of_unknown_exposure_are_refused() -> None:
    with pytest.raises(DataError, match="does not say how its images were observed"):
        exposure(sky(dim(1)), MODEL, Streams("noise"), years=1.0)


def test_none_leaves_the_images_as_they_are() -> None:
    batch = sky(dim(2))
    found = none(batch, MODEL, Streams("noise"))
    assert found.inputs is batch.inputs
    assert found.flux is None
    assert found.rows is None
