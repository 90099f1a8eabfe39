"""Compression: JPEG against the discrete cosine transform of its standard, Rice against files that astropy writes."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from astrobench import Batch, Streams
from astrobench_perturbations.jpeg import jpeg
from astrobench_perturbations.rice import noise_of, rice
from astropy.io import fits
from PIL import Image
from plugins.perturbations.skies import always, sky
from scipy import fft

MODEL, RNG = always(0), Streams("compression")
LUMINANCE = np.array([
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
]).reshape(8, 8)  # fmt: skip
"""ITU-T T.81, table K.1."""


def picture(bands: int, seed: int = 0) -> Batch:
    """Return two smooth images of 16 × 16 pixels with some noise, inputs within the limits 0.4 to 0.9."""
    stream = np.random.default_rng(seed)
    ramp = np.linspace(0.45, 0.8, 16)[:, None] * np.ones(16) + stream.normal(0, 0.02, (2, bands, 16, 16))
    return sky(torch.from_numpy(ramp.clip(0.4, 0.9).astype(np.float32)))


@pytest.mark.parametrize("quality", [10, 30, 75])
def test_a_grey_jpeg_rounds_cosines_to_the_standard_s_table(quality: int) -> None:
    batch = picture(1)
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    table = np.floor((LUMINANCE * scale + 50) / 100).clip(1, 255)
    levels = np.rint((batch.inputs.numpy() - 0.4) / 0.5 * 255)
    blocks = levels.reshape(2, 2, 8, 2, 8).transpose(0, 1, 3, 2, 4) - 128
    kept = np.rint(fft.dctn(blocks, axes=(3, 4), norm="ortho") / table) * table
    expected = np.rint(fft.idctn(kept, axes=(3, 4), norm="ortho") + 128).clip(0, 255)
    expected = expected.transpose(0, 1, 3, 2, 4).reshape(2, 1, 16, 16)
    found = jpeg(batch, MODEL, RNG, quality=quality).inputs
    assert found is not None
    read = np.rint((found.numpy() - 0.4) / 0.5 * 255)
    assert (abs(read - expected) <= 2).mean() > 0.97  # libjpeg's integer cosines may round a coefficient the other way


def test_lower_quality_is_farther_from_the_image() -> None:
    batch = picture(3)
    errors = [
        float((jpeg(batch, MODEL, RNG, quality=q).inputs - batch.inputs).square().mean()) for q in (90, 50, 20, 5)
    ]
    assert errors == sorted(errors)
    assert errors[0] < errors[-1]


def test_the_last_of_three_bands_is_red() -> None:
    batch = picture(3)
    levels = np.rint((batch.inputs[0].numpy() - 0.4) / 0.5 * 255).astype(np.uint8)
    file = io.BytesIO()
    Image.merge("RGB", [Image.fromarray(levels[band]) for band in (2, 1, 0)]).save(
        file, "JPEG", quality=40, subsampling=2
    )
    red, green, blue = (np.asarray(band) for band in Image.open(file).split())
    found = jpeg(batch, MODEL, RNG, quality=40).inputs
    assert found is not None
    read = np.rint((found[0].numpy() - 0.4) / 0.5 * 255)
    np.testing.assert_array_equal(read, np.stack([blue, green, red]))


def test_a_flat_image_survives_any_quality() -> None:
    flat = sky(torch.full((1, 3, 16, 16), 0.65))
    found = jpeg(flat, MODEL, RNG, quality=5).inputs
    assert abs(found - 0.65).max() < 0.04  # the coarsest step of the mean alone


def noisy(side: int = 60) -> Batch:
    stream = np.random.default_rng(4)
    rows, cols = np.mgrid[:side, :side] - side / 2
    source = 500 * np.exp(-np.hypot(rows, cols) / 5)
    flux = (source + stream.normal(0, 1, (3, 3, side, side)) * np.array([5.0, 20.0, 80.0])[:, None, None]).astype("f4")
    return replace(sky(torch.zeros(3, 3, side, side)), flux=flux)


def by_astropy(image: np.ndarray, step: float) -> tuple[float, np.ndarray]:
    """Return ZSCALE, the step that CFITSIO's rules chose, and the image read back."""
    file = io.BytesIO()
    hdu = fits.CompImageHDU(
        image, compression_type="RICE_1", tile_shape=image.shape, quantize_level=1 / step, quantize_method=1,
        dither_seed=1,
    )  # fmt: skip
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(file)
    with fits.open(io.BytesIO(file.getvalue()), disable_image_compression=True) as raw:
        scale = float(raw[1].data["ZSCALE"][0])
    with fits.open(io.BytesIO(file.getvalue())) as read:
        return scale, np.array(read[1].data, np.float32)


@pytest.mark.parametrize("step", [0.25, 2.0])
def test_steps_are_those_of_files_that_astropy_compresses(step: float) -> None:
    batch = noisy()
    found = rice(batch, MODEL, RNG, step=step).flux
    for band in range(3):
        size, read = by_astropy(batch.flux[0, band], step)
        assert step * noise_of(batch.flux[0])[band] == pytest.approx(size, rel=1e-5)
        ours, theirs = found[0, band] - batch.flux[0, band], read - batch.flux[0, band]
        for error in (ours, theirs):  # subtractive dithering: uniform within half a step, whatever the signal
            assert abs(error).max() <= size / 2 * 1.001
            assert error.std() == pytest.approx(size / math.sqrt(12), rel=0.03)


def test_dithering_leaves_no_bias() -> None:
    batch = noisy()
    error = rice(batch, MODEL, RNG, step=8.0).flux - batch.flux
    for band, sigma in enumerate((5.0, 20.0, 80.0)):
        assert abs(error[:, band].mean()) < 5 * 8 * sigma / math.sqrt(12 * error[:, band].size)


def test_images_without_noise_or_too_small_to_have_any_are_kept() -> None:
    for flat in (torch.zeros(2, 3, 12, 12), torch.rand(2, 3, 2, 4)):
        batch = sky(flat)
        np.testing.assert_array_equal(rice(batch, MODEL, RNG, step=1.0).flux, batch.flux)
