"""What decoding promises: the file's own values in planes, an antialiased size, and one line for what is broken."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astrobench import DataError
from astrobench_galaxies import image_files
from astrobench_galaxies.image_files import fitted, read_image
from PIL import Image

HERE = Path("x.npy")
RGB = np.random.default_rng(3).integers(0, 256, (6, 5, 3), dtype=np.uint8)


def test_a_colour_png_gives_its_bytes_red_first(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.PNG")
    found = read_image(tmp_path / "a.PNG")
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, RGB.transpose(2, 0, 1))


@pytest.mark.parametrize("mode", ["RGBA", "P", "LA", "1", "L"])
def test_every_kind_of_picture_becomes_grey_or_rgb(tmp_path: Path, mode: str) -> None:
    picture = Image.fromarray(RGB).convert(mode)
    picture.save(tmp_path / "a.png")
    found = read_image(next(tmp_path.iterdir()))
    assert found.shape == (1 if mode in ("L", "LA", "1") else 3, 6, 5)


def test_sixteen_bits_are_kept(tmp_path: Path) -> None:
    grey = np.array([[0, 1000], [40_000, 65_535]], np.uint16)
    Image.fromarray(grey).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), grey[None])


@pytest.mark.parametrize("shape", [(8, 9), (3, 8, 9), (8, 9, 3), (5, 8, 8)])
def test_npy_planes_may_come_first_or_last(tmp_path: Path, shape: tuple[int, ...]) -> None:
    flux = np.random.default_rng(0).normal(size=shape)
    np.save(tmp_path / "a.npy", flux)
    planes = flux[None] if len(shape) == 2 else flux.transpose(2, 0, 1) if shape[2] == 3 else flux
    np.testing.assert_array_equal(read_image(tmp_path / "a.npy"), planes.astype(np.float32))


@pytest.mark.parametrize("shape", [(8, 9), (5, 8, 9)])
@pytest.mark.parametrize("extension", [False, True])
def test_fits_gives_its_first_image(tmp_path: Path, shape: tuple[int, ...], extension: bool) -> None:
    fits = pytest.importorskip("astropy.io.fits")
    flux = np.random.default_rng(0).normal(size=shape).astype(">f4")
    units = [fits.PrimaryHDU(), fits.ImageHDU(flux)] if extension else [fits.PrimaryHDU(flux)]
    fits.HDUList(units).writeto(tmp_path / "a.fits")
    found = read_image(tmp_path / "a.fits")
    assert (found.dtype, found.shape) == (np.float32, flux.reshape(-1, 8, 9).shape)
    np.testing.assert_array_equal(found, flux.reshape(-1, 8, 9))


def test_a_fits_file_without_astropy_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.startswith("astropy"):
            raise ImportError(name)
        return original(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DataError, match=r"needs astropy; pip install 'astrobench\[fits\]'"):
        read_image(tmp_path / "a.fits")


def test_a_fits_file_without_an_image_says_so(tmp_path: Path) -> None:
    fits = pytest.importorskip("astropy.io.fits")
    fits.PrimaryHDU().writeto(tmp_path / "a.fits")
    with pytest.raises(DataError, match="holds no 2-D or 3-D image"):
        read_image(tmp_path / "a.fits")


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.npy", "a.fits"])
@pytest.mark.parametrize("content", [b"", b"<html>not found</html>", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_cannot_be_decoded_is_one_line(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match="write it again") as fault:
        read_image(tmp_path / name)
    assert "\n" not in str(fault.value)
    assert name in str(fault.value)


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
def test_a_picture_cut_short_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DataError, match="cannot decode"):
        read_image(path)


def test_a_picture_that_claims_to_be_huge_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.png")
    monkeypatch.setattr(image_files, "LARGEST", 20)
    with pytest.raises(DataError, match=r"says it has 5x6 pixels; want a cut-out"):
        read_image(tmp_path / "a.png")


def test_nan_pixels_are_counted(tmp_path: Path) -> None:
    flux = np.zeros((4, 4))
    flux[1, 2:] = np.nan, np.inf
    np.save(tmp_path / "a.npy", flux)
    with pytest.raises(DataError, match=r"a.npy has 2 NaN or infinite pixels; mend or drop it"):
        read_image(tmp_path / "a.npy")


def test_one_plane_is_repeated_and_several_are_averaged_to_one() -> None:
    grey, colour = np.full((1, 4, 4), 7, np.float32), np.arange(48, dtype=np.float32).reshape(3, 4, 4)
    np.testing.assert_array_equal(fitted(grey, 3, 4, HERE), np.full((3, 4, 4), 7))
    np.testing.assert_array_equal(fitted(colour, 1, 4, HERE), colour.mean(axis=0)[None])
    np.testing.assert_array_equal(fitted(colour, 3, 0, HERE), colour)


def test_planes_that_do_not_fit_the_bands_are_refused() -> None:
    with pytest.raises(DataError, match="has 5 planes, want 1 or 3; give bands their 5 names"):
        fitted(np.zeros((5, 4, 4), np.float32), 3, 4, HERE)


def test_resizing_halves_by_averaging_and_does_not_alias() -> None:
    chequered = np.indices((64, 64)).sum(axis=0)[None].astype(np.float32) % 2
    found = fitted(chequered, 1, 16, HERE)
    assert found.shape == (1, 16, 16)
    np.testing.assert_allclose(found, 0.5, atol=0.02)  # a sampler without a low-pass would give 0 or 1


def test_resizing_never_leaves_the_range_of_the_file() -> None:
    star = np.zeros((1, 50, 50), np.float32)
    star[0, 25, 25] = 1000
    found = fitted(star, 1, 20, HERE)
    assert 0 <= found.min() < found.max() <= 1000
    np.testing.assert_allclose(found.sum() * (50 / 20) ** 2, 1000, rtol=0.02)


def test_an_oblong_is_cut_to_its_central_square() -> None:
    wide = np.zeros((1, 10, 30), np.float32)
    wide[..., 10:20] = 3
    np.testing.assert_array_equal(fitted(wide, 1, 10, HERE), np.full((1, 10, 10), 3))
