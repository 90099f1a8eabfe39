"""Channels are centred and scaled by NumPy's own mean and unbiased deviation, over one array or several."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from astrobench import DataError
from astrobench_galaxies import percentiles
from astrobench_galaxies.zscore import ZScoreStretch


@pytest.fixture
def images() -> np.ndarray:
    rng, scale = np.random.default_rng(1), np.array([1, 30, 0.1])[:, None, None]
    return (rng.normal(3, 1, (7, 3, 5, 4)) * scale).astype(np.float32)


def test_the_fit_is_that_of_numpy(images: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(percentiles, "BLOCK", 120)  # two images a block
    stretch = ZScoreStretch.fit(images)
    np.testing.assert_allclose(stretch.mean, images.astype(float).mean((0, 2, 3)))
    np.testing.assert_allclose(stretch.deviation, images.astype(float).std((0, 2, 3), ddof=1))


def test_two_arrays_fit_as_one(images: np.ndarray) -> None:
    apart, whole = ZScoreStretch.fit(images[:2], images[2:]), ZScoreStretch.fit(images)
    np.testing.assert_allclose(apart.mean + apart.deviation, whole.mean + whole.deviation)


def test_stretched_channels_have_mean_0_and_deviation_1(images: np.ndarray) -> None:
    scaled = ZScoreStretch.fit(images)(images)
    assert (scaled.dtype, scaled.shape) == (np.float32, images.shape)
    np.testing.assert_allclose(scaled.mean((0, 2, 3)), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std((0, 2, 3), ddof=1), 1, rtol=1e-6)


def test_it_is_pure_takes_one_image_and_travels(images: np.ndarray) -> None:
    stretch, before = ZScoreStretch.fit(images), images.copy()
    again = pickle.loads(pickle.dumps(stretch))
    np.testing.assert_array_equal(again(images[3]), stretch(images)[3])
    np.testing.assert_array_equal(images, before)
    assert again == stretch


@pytest.mark.parametrize(
    ("value", "message"), [(0.0, "channel 1 has one value only"), (np.nan, "NaN or infinite pixels")]
)
def test_what_cannot_be_scaled_is_refused(images: np.ndarray, value: float, message: str) -> None:
    images[:, 1] = value
    with pytest.raises(DataError, match=message):
        ZScoreStretch.fit(images)


def test_no_image_is_refused() -> None:
    with pytest.raises(DataError, match="there are no images"):
        ZScoreStretch.fit(np.zeros((0, 3, 4, 4), np.float32))
