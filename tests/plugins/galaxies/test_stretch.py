"""What the stretch promises: the published formula, fitted exactly and once."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from astrobench import DataError
from astrobench_galaxies import percentiles as module
from astrobench_galaxies.percentiles import percentiles
from astrobench_galaxies.stretch import ArcsinhStretch, LinearStretch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

FLUX = arrays(np.float32, st.tuples(st.integers(1, 40), st.just(3)), elements=st.floats(-1e6, 1e6, width=32))


def test_golden_values_of_the_published_stretch() -> None:
    stretch = ArcsinhStretch(low=-10.0, high=400.0)
    found = stretch(np.array([0.0, 400.0, 1e6, -10.0, -1e6], np.float32))
    bottom = 0.5 + 0.5 * np.arcsinh(0.85 * -10 / 400)
    np.testing.assert_allclose(found, [0.5, 0.88561871670, 0.88561871670, bottom, bottom], rtol=1e-7)


def test_the_input_is_float32_and_the_flux_is_left_alone() -> None:
    flux = np.linspace(-5, 50, 24, dtype=np.float32).reshape(1, 2, 3, 4)
    flux.flags.writeable = False
    before = flux.copy()
    stretched = ArcsinhStretch(-1.0, 40.0)(flux)
    assert (stretched.dtype, stretched.shape) == (np.float32, flux.shape)
    np.testing.assert_array_equal(flux, before)


def test_limits_are_percentiles_over_images_bands_and_pixels_together() -> None:
    images = np.random.default_rng(1).normal(3, 20, (40, 3, 8, 8)).astype(np.float32)
    stretch = ArcsinhStretch.fit(images)
    np.testing.assert_allclose([stretch.low, stretch.high], np.percentile(images.astype(float), [0.1, 99.9]))


@given(FLUX, st.floats(0, 100))
def test_percentiles_are_those_of_numpy(values: np.ndarray, percent: float) -> None:
    expected = np.percentile(values.astype(np.float64), percent)
    np.testing.assert_allclose(percentiles(values, percent)[0], expected, rtol=1e-12, atol=1e-9)


def test_percentiles_do_not_depend_on_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.default_rng(2).normal(size=(50, 7)).astype(np.float32)
    whole = percentiles(images, 0.1, 50, 99.9)
    monkeypatch.setattr(module, "BLOCK", 10)
    assert percentiles(images, 0.1, 50, 99.9) == whole


@given(FLUX)
def test_the_arcsinh_stretch_keeps_the_order_of_fluxes(values: np.ndarray) -> None:
    stretched = ArcsinhStretch(-50.0, 1e4)(np.sort(values.ravel()))
    assert (np.diff(stretched) >= 0).all()


def test_the_linear_stretch_fills_zero_to_one() -> None:
    pictures = np.arange(256, dtype=np.float32).reshape(1, 1, 16, 16)
    assert LinearStretch(0.0, 255.0)(pictures).ravel()[[0, 51, 255]].tolist() == pytest.approx([0, 0.2, 1])
    fitted = LinearStretch.fit(pictures, low=0, high=100)
    assert fitted == LinearStretch(0.0, 255.0)


@pytest.mark.parametrize("stretch", [ArcsinhStretch(-3.0, 70.0), LinearStretch(0.0, 255.0)])
def test_a_stretch_travels_to_workers(stretch: ArcsinhStretch | LinearStretch) -> None:
    assert pickle.loads(pickle.dumps(stretch)) == stretch


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((0, 3, 4, 4), np.float32), "no images"),
        (np.full((2, 3, 4, 4), np.nan, np.float32), "NaN"),
        (np.full((2, 3, 4, 4), -1, np.float32), "want above 0"),
    ],
)
def test_images_that_cannot_be_stretched_are_refused(images: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        ArcsinhStretch.fit(images)


def test_flat_images_have_no_linear_stretch() -> None:
    with pytest.raises(DataError, match="are both 7"):
        LinearStretch.fit(np.full((2, 1, 4, 4), 7, np.float32))
