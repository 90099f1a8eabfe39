"""DeepMerge's files go by many names: II's, I's with two or three filters, MAST's as .npy or FITS."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
from astrobench import DataError
from astrobench_galaxies.deepmerge_files import Folder

if TYPE_CHECKING:
    from pathlib import Path

X, Y = np.random.default_rng(0).normal(0, 1, (6, 3, 5, 4)), np.array([1.0, 1, 1, 0, 0, 0])
MAST = "hlsp_deepmerge_hst-jwst_acs-wfc3-nircam_illustris-z2_f814w-f160w-f356w_v1_sim-pristine"
LAYOUTS = [
    ("SimSim_SOURCE_X_Illustris2_pristine.npy", "SimSim_SOURCE_y_Illustris2_pristine.npy"),
    ("simsim_source_x_illustris2_pristine.npy", "SIMSIM_SOURCE_Y_ILLUSTRIS2_PRISTINE.npy"),
    ("SB00_augmented.npy", "SB00_augmented_y.npy"),
    ("SB00_augmented_3FILT.npy", "SB00_augmented_y_3FILT.npy"),
    ("SB00_augmented_3FILT.npy", "SB00_augmented_y.npy"),
    (f"{MAST}-x.npy", f"{MAST}-labels-y.npy"),
]


def written(folder: Path, images: str, labels: str, x: np.ndarray = X) -> Folder:
    np.save(folder / images, x)
    np.save(folder / labels, Y)
    return Folder(folder)


@pytest.mark.parametrize(("images", "labels"), LAYOUTS)
def test_every_name_finds_its_images_and_labels(tmp_path: Path, cache: Path, images: str, labels: str) -> None:
    found = written(tmp_path, images, labels).domain("pristine")
    np.testing.assert_array_equal(found.open(), X)
    np.testing.assert_array_equal(found.labels, Y)
    np.testing.assert_array_equal(found.copied(np.array([4, 1])), X[[4, 1]].astype(np.float32))


@pytest.mark.parametrize("bands", [2, 3])
def test_channels_may_be_last_and_two(tmp_path: Path, bands: int) -> None:
    images = X[:, :bands]
    found = written(tmp_path, *LAYOUTS[0], x=np.moveaxis(images, 1, 3)).domain("pristine")
    np.testing.assert_array_equal(found.open(), images)


def test_fits_holds_images_and_labels(tmp_path: Path, cache: Path) -> None:
    fits = pytest.importorskip("astropy.io.fits")
    path = tmp_path / f"{MAST}.fits"
    fits.HDUList([fits.PrimaryHDU(X), fits.ImageHDU(Y)]).writeto(path)
    found = Folder(tmp_path).domain("pristine")
    np.testing.assert_array_equal(found.labels, Y)
    copy = found.copied(np.arange(6))
    np.testing.assert_array_equal(copy, X.astype(np.float32))
    assert copy.dtype == np.float32
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(DataError, match=r"fits is cut short; fetch or write it again"):
        Folder(tmp_path).domain("pristine")
    path.write_text("<html>")
    with pytest.raises(DataError, match="cannot decode"):
        Folder(tmp_path).domain("pristine")


def test_pristine_files_are_not_taken_for_noisy_ones(tmp_path: Path) -> None:
    folder = written(tmp_path, *LAYOUTS[-1])
    with pytest.raises(DataError, match=r"has no SimSim_TARGET_X_Illustris2_noisy\.npy"):
        folder.domain("noisy")


def test_scaled_fits_numbers_are_refused_rather_than_read_wrong(tmp_path: Path) -> None:
    fits = pytest.importorskip("astropy.io.fits")
    units = [fits.PrimaryHDU(X), fits.ImageHDU(Y.astype(np.uint16))]  # unsigned: FITS stores them less 32768
    fits.HDUList(units).writeto(tmp_path / f"{MAST}.fits")
    with pytest.raises(DataError, match=r"stores scaled numbers \(BSCALE, BZERO\); write them as float32"):
        Folder(tmp_path).domain("pristine")


@pytest.mark.parametrize("bits", ["u1", "i2", "i4", "f4", "f8"])
def test_fits_numbers_of_every_depth_are_read_as_they_are(tmp_path: Path, cache: Path, bits: str) -> None:
    fits = pytest.importorskip("astropy.io.fits")
    low, high = (0, 255) if bits == "u1" else (-100, 100)
    images = np.random.default_rng(1).integers(low, high, X.shape, endpoint=True).astype(bits)
    images.flat[:2] = low, high
    units = [fits.PrimaryHDU(images), fits.ImageHDU(Y.astype("u1"))]
    fits.HDUList(units).writeto(tmp_path / f"{MAST}.fits")
    found = Folder(tmp_path).domain("pristine")
    np.testing.assert_array_equal(found.open(), images)
    np.testing.assert_array_equal(found.copied(np.arange(6)), images.astype(np.float32))
    np.testing.assert_array_equal(found.labels, Y)


def test_fits_that_cannot_be_mapped_is_refused_with_the_remedy(tmp_path: Path) -> None:
    fits = pytest.importorskip("astropy.io.fits")
    packed = fits.HDUList([fits.PrimaryHDU(X), fits.CompImageHDU(np.ones((6, 3), "i2"))])
    packed.writeto(tmp_path / f"{MAST}.fits")
    with pytest.raises(DataError, match=r"compressed in tiles, which cannot be mapped; unpack it \(funpack\)"):
        Folder(tmp_path).domain("pristine")
    unit = fits.PrimaryHDU(np.zeros((6, 3, 5, 4), "i2"))
    unit.header["BLANK"] = -1
    fits.HDUList([unit, fits.ImageHDU(Y)]).writeto(tmp_path / f"{MAST}.fits", overwrite=True)
    with pytest.raises(DataError, match=r"numbers that may be missing \(BLANK\); write them as float32"):
        Folder(tmp_path).domain("pristine")


def test_channels_at_both_ends_and_numbers_beyond_float32_are_refused(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(DataError, match=r"shape \(6, 3, 5, 2\), may be read as \(N, C, H, W\) and as \(N, H, W, C\)"):
        written(tmp_path, *LAYOUTS[0], x=X[..., :2]).domain("pristine")
    large = np.full(X.shape, 2**24 + 1)
    with pytest.raises(DataError, match="whole numbers up to 16777217"):
        written(tmp_path, *LAYOUTS[0], x=large).domain("pristine").copied(np.arange(6))


def test_a_copy_follows_a_file_that_changes_under_its_size_and_time(tmp_path: Path, cache: Path) -> None:
    found = written(tmp_path, *LAYOUTS[0]).domain("pristine")
    found.copied(np.arange(6))
    told = found.path.stat()
    np.save(found.path, X[::-1].copy())
    os.utime(found.path, ns=(told.st_atime_ns, told.st_mtime_ns))
    assert found.path.stat().st_size == told.st_size
    np.testing.assert_array_equal(found.copied(np.arange(6)), X[::-1].astype(np.float32))
