"""DeepMerge's files go by many names: II's, I's with two or three filters, MAST's as .npy or FITS."""

from __future__ import annotations

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
