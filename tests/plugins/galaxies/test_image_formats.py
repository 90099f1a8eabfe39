"""Formats × depths × shapes × orders of axes: each gives exactly the array that was written, or is refused by name."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astrobench import DataError
from astrobench_galaxies.image_files import Reading, read_image
from PIL import Image, ImageOps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

fits = pytest.importorskip("astropy.io.fits")
RNG = np.random.default_rng(12)
WHOLE = {
    "?": (0, 1), "u1": (0, 255), "i1": (-128, 127), "u2": (0, 65535), "i2": (-32768, 32767), "u4": (0, 2**24),
    "i4": (-(2**24), 9), "u8": (0, 2**24), "i8": (-(2**24), 2**24),
}  # fmt: skip
FLOATS = ("f2", "f4", "f8")
BANDS = ("g", "r", "i")


def known(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return numbers of a dtype that are in reach of its ends."""
    if dtype in WHOLE:
        low, high = WHOLE[dtype]
        values = RNG.integers(low, high, shape, endpoint=True)
        values.flat[:2] = low, high
        return values.astype(dtype)
    return RNG.normal(0, 100, shape).astype(dtype)


def planes_of(values: np.ndarray, order: str) -> np.ndarray:
    """Return float32 (C, H, W) of an array in the order "hw", "chw" or "hwc"."""
    told = {"hw": values[None], "chw": values}.get(order)
    return np.asarray(np.moveaxis(values, 2, 0) if told is None else told).astype(np.float32)


SHAPES = {"hw": (8, 9), "chw": (3, 8, 9), "hwc": (8, 9, 3)}


@pytest.mark.parametrize("order", SHAPES)
@pytest.mark.parametrize("dtype", [*WHOLE, *FLOATS])
@pytest.mark.parametrize("layout", ["<C", ">C", "<F", ">F"])
def test_npy(tmp_path: Path, dtype: str, order: str, layout: str) -> None:
    values = known(dtype, SHAPES[order])
    stored = np.asarray(values, values.dtype.newbyteorder(layout[0]), order=layout[1])  # type: ignore[call-overload]
    np.save(tmp_path / "a.npy", stored)
    np.testing.assert_array_equal(read_image(tmp_path / "a.npy", Reading(BANDS)), planes_of(values, order))


@pytest.mark.parametrize("order", SHAPES)
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "i2", "u4", "i4", "i8", "u8", "f4", "f8"])
@pytest.mark.parametrize("place", ["primary", "extension", "compressed"])
def test_fits(tmp_path: Path, dtype: str, order: str, place: str) -> None:
    if place == "compressed" and dtype in ("i8", "u8", "f4", "f8"):
        pytest.skip("FITS compresses whole numbers of up to 32 bits without loss")
    values = known(dtype, SHAPES[order])
    unit = {"primary": fits.PrimaryHDU, "extension": fits.ImageHDU, "compressed": fits.CompImageHDU}[place](values)
    units = [unit] if place == "primary" else [fits.PrimaryHDU(), unit]
    fits.HDUList(units).writeto(tmp_path / "a.fits")
    np.testing.assert_array_equal(read_image(tmp_path / "a.fits", Reading(BANDS)), planes_of(values, order))


@pytest.mark.parametrize("bits", ["u1", "i2", "i4", "f4", "f8"])
def test_fits_scaled_numbers_are_rounded_once(tmp_path: Path, bits: str) -> None:
    fits.PrimaryHDU(known(bits, (8, 9))).writeto(tmp_path / "a.fits")
    with fits.open(tmp_path / "a.fits", "update", do_not_scale_image_data=True) as units:
        stored = np.array(units[0].data, np.float64)
        zero = -round(stored[0, 5] * 1e-3, 6)  # nearly all of one pixel cancels
        units[0].header["BSCALE"], units[0].header["BZERO"] = 1e-3, zero
    found = read_image(tmp_path / "a.fits")[0]
    np.testing.assert_array_equal(found, (stored * 1e-3 + zero).astype(np.float32))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(values: np.ndarray, colour: int, depth: int = 16, extra: bytes = b"") -> bytes:
    """Return a PNG of samples (H, W, C), written by the definition and by no library."""
    height, width = values.shape[:2]
    rows = values.reshape(height, -1)
    bits = np.unpackbits(rows.astype(">u2").view(np.uint8).reshape(*rows.shape, 2), axis=2)[..., 16 - depth :]
    lines = [b"\0" + np.packbits(line.ravel()).tobytes() for line in bits]
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(b"".join(lines))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_png_grey(tmp_path: Path, depth: int) -> None:
    values = RNG.integers(0, 2**depth, (7, 5, 1))
    (tmp_path / "a.png").write_bytes(png(values, 0, depth))
    spread = 255 // (2**depth - 1) if depth < 8 else 1
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), planes_of(values * spread, "hwc"))


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize(("colour", "samples"), [(2, 3), (4, 2), (6, 4)], ids=["rgb", "grey+alpha", "rgb+alpha"])
@pytest.mark.parametrize("clear", [False, True])
def test_png_colour_and_alpha(tmp_path: Path, depth: int, colour: int, samples: int, clear: bool) -> None:
    values = RNG.integers(0, 2**depth - 1, (7, 5, samples))
    if samples % 2 == 0 and not clear:
        values[..., -1] = 2**depth - 1
    extra = b""
    if samples == 3 and clear:  # one colour stands for transparent
        extra = chunk(b"tRNS", struct.pack(">HHH", *values[2, 2]))
    (tmp_path / "a.png").write_bytes(png(values, colour, depth, extra))
    if depth == 16:
        with pytest.raises(
            DataError, match=r"a PNG of 16 bits with colour or alpha, .*; write it as NPY or FITS, or as"
        ):
            read_image(tmp_path / "a.png")
    elif clear:
        with pytest.raises(DataError, match=r"a\.png has pixels that are not opaque; flatten it"):
            read_image(tmp_path / "a.png")
    else:
        light = values[..., : 3 if samples > 2 else 1]
        np.testing.assert_array_equal(read_image(tmp_path / "a.png"), planes_of(light, "hwc"))


@pytest.mark.parametrize("depth", [8, 16])
def test_png_grey_with_a_transparent_value(tmp_path: Path, depth: int) -> None:
    values = RNG.integers(0, 2**depth - 1, (7, 5, 1))
    for told, clear in ((values[0, 0, 0], True), (2**depth - 1, False)):
        (tmp_path / "a.png").write_bytes(png(values, 0, depth, chunk(b"tRNS", struct.pack(">H", told))))
        if clear:
            with pytest.raises(DataError, match="not opaque"):
                read_image(tmp_path / "a.png")
        else:
            np.testing.assert_array_equal(read_image(tmp_path / "a.png"), planes_of(values, "hwc"))


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("clear", [None, False, True])
def test_png_palette(tmp_path: Path, depth: int, clear: bool | None) -> None:
    colours = RNG.integers(0, 256, (2**depth, 3)).astype(np.uint8)
    values = RNG.integers(0, 2**depth, (7, 5, 1))
    values[0, 0] = 0
    extra = chunk(b"PLTE", colours.tobytes())
    if clear is not None:
        extra += chunk(b"tRNS", b"\0" if clear else b"\xff")
    (tmp_path / "a.png").write_bytes(png(values, 3, depth, extra))
    if clear:
        with pytest.raises(DataError, match="not opaque"):
            read_image(tmp_path / "a.png")
    else:
        np.testing.assert_array_equal(read_image(tmp_path / "a.png"), planes_of(colours[values[..., 0]], "hwc"))


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_picture_is_turned_as_its_orientation_says(tmp_path: Path, mode: str, turn: int, ending: str) -> None:
    path, exif = tmp_path / f"a.{ending}", Image.Exif()
    exif[0x0112] = turn
    Image.fromarray(RNG.integers(0, 256, (16, 24, 3), dtype=np.uint8)).convert(mode).save(path, exif=exif)
    with Image.open(path) as picture:
        seen = np.asarray(ImageOps.exif_transpose(picture))
    np.testing.assert_array_equal(read_image(path), planes_of(seen, "hwc" if mode == "RGB" else "hw"))


def saved(values: Any) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        np.save(folder / "a.npy", values, allow_pickle=True)
        return folder / "a.npy"

    return write


def zipped(folder: Path) -> Path:
    with (folder / "a.npy").open("wb") as file:
        np.savez(file, image=np.zeros((4, 4)))
    return folder / "a.npy"


def in_fits(*units: Any, **header: Any) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        made = [unit() for unit in units]
        fits.HDUList(made).writeto(folder / "a.fits")
        if header:
            with fits.open(folder / "a.fits", "update", do_not_scale_image_data=True) as opened:
                opened[0].header.update(header)
        return folder / "a.fits"

    return write


def frames(folder: Path) -> Path:
    first, *rest = [Image.new("L", (4, 4), shade) for shade in (1, 2, 3)]
    first.save(folder / "a.png", save_all=True, append_images=rest)
    return folder / "a.png"


def inks(folder: Path) -> Path:
    Image.new("CMYK", (8, 8), (1, 2, 3, 4)).save(folder / "a.jpg")
    return folder / "a.jpg"


def zeros(*shape: int, dtype: str = "f4") -> Callable[[], Any]:
    return lambda: fits.PrimaryHDU(np.zeros(shape, dtype))


def more(*shape: int, name: str = "") -> Callable[[], Any]:
    return lambda: fits.ImageHDU(np.zeros(shape, "f4"), name=name)


REFUSED = {
    "complex": (saved(np.zeros((4, 4), "c8")), "holds complex64"),
    "text": (saved(np.full((4, 4), "a")), "holds str"),
    "objects": (saved(np.array([[None, 1]])), "holds object"),
    "records": (saved(np.zeros((4, 4), [("g", "f4"), ("r", "f4")])), "want an array of numbers"),
    "times": (saved(np.zeros((4, 4), "M8[s]")), "holds datetime64"),
    "npz": (zipped, "is a zip archive, not an array"),
    "one axis": (saved(np.zeros(9)), r"shape \(9,\), want one image"),
    "four axes": (saved(np.zeros((1, 3, 8, 8))), r"shape \(1, 3, 8, 8\), want one image"),
    "no pixels": (saved(np.zeros((0, 4))), "want one image"),
    "a cube": (saved(np.zeros((8, 8, 8))), r'shape \(8, 8, 8\), .* axes = "chw" or axes = "hwc"'),
    "bands in the middle": (saved(np.zeros((8, 3, 8))), r'axes = "chw" or axes = "hwc"'),
    "bands at both ends": (saved(np.zeros((3, 8, 3))), r'axes = "chw" or axes = "hwc"'),
    "the other end fits the bands": (saved(np.zeros((2, 8, 3))), r'axes = "chw" or axes = "hwc"'),
    "2**24 + 1": (saved(np.full((4, 4), 2**24 + 1)), "whole numbers up to 16777217, and float32 holds each up to"),
    "-2**63": (saved(np.full((4, 4), -(2**63))), "whole numbers up to 9223372036854775808"),
    "2**64 - 1": (saved(np.full((4, 4), 2**64 - 1, np.uint64)), "whole numbers up to 18446744073709551615"),
    "too bright": (saved(np.full((4, 4), 1e39)), r"values up to 1e\+39, .* write it in another unit"),
    "too faint": (saved(np.full((4, 4), 1e-50)), "values up to 1e-50, .* write it in another unit"),
    "NaN": (saved(np.full((4, 4), np.nan)), "16 NaN or infinite pixels"),
    "infinite": (saved(np.full((4, 4), -np.inf)), "16 NaN or infinite pixels"),
    "fits, four axes": (in_fits(zeros(1, 1, 8, 8)), r"shape \(1, 1, 8, 8\), want one image"),
    "fits, a cube": (in_fits(zeros(8, 8, 8)), r'axes = "chw" or axes = "hwc"'),
    "fits, blank": (in_fits(zeros(8, 8, dtype="i2"), BLANK=0), "64 pixels that are marked as missing"),
    "fits, two images": (
        in_fits(zeros(8, 8), more(8, 8, name="WHT")), r"holds 2 images \(0 'PRIMARY' 8x8, 1 'WHT' 8x8\)",
    ),
    "fits, whole numbers": (
        in_fits(lambda: fits.PrimaryHDU(np.full((4, 4), 2**31 - 1, "i4"))), "whole numbers up to 2147483647",
    ),
    "fits, 64 bits": (
        in_fits(lambda: fits.PrimaryHDU(np.full((4, 4), 2**64 - 1, "u8"))), "whole numbers up to 18446744073709551615",
    ),
    "frames": (frames, "more than one frame"),
    "CMYK": (inks, "is CMYK, inks rather than light; save it as RGB"),
}  # fmt: skip


@pytest.mark.parametrize(("write", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_exact_is_refused_by_name(tmp_path: Path, write: Callable[[Path], Path], message: str) -> None:
    path = write(tmp_path)
    with pytest.raises(DataError, match=message) as fault:
        read_image(path, Reading(BANDS))
    assert "\n" not in str(fault.value)
    assert str(path) in str(fault.value)


@pytest.mark.parametrize("ending", ["npy", "fits"])
@pytest.mark.parametrize("shape", [(8, 8, 8), (3, 8, 3), (2, 8, 3)])
def test_axes_that_may_be_read_in_two_ways_are_read_as_told(
    tmp_path: Path, ending: str, shape: tuple[int, ...]
) -> None:
    values, path = known("f4", shape), tmp_path / f"a.{ending}"
    np.save(path, values) if ending == "npy" else fits.PrimaryHDU(values).writeto(path)
    np.testing.assert_array_equal(read_image(path, Reading(BANDS, "chw")), planes_of(values, "chw"))
    np.testing.assert_array_equal(read_image(path, Reading(BANDS, "hwc")), planes_of(values, "hwc"))


def test_a_faint_wing_beside_a_bright_core_is_no_reason_to_refuse(tmp_path: Path) -> None:
    values = np.full((4, 4), 1e-60)
    values[2, 2] = 1e4
    np.save(tmp_path / "a.npy", values)
    np.testing.assert_array_equal(read_image(tmp_path / "a.npy")[0], values.astype(np.float32))


@pytest.fixture
def several(tmp_path: Path) -> tuple[Path, dict[str, np.ndarray]]:
    """Return a file of a weight, then i, r and g, and what is in it."""
    planes = {name: known("f4", (8, 9)) for name in ("wht", *reversed(BANDS))}
    units = [fits.ImageHDU(plane, name=name) for name, plane in planes.items()]
    table = fits.BinTableHDU(np.zeros(2, [("x", "f4")]), name="CATALOGUE")
    fits.HDUList([fits.PrimaryHDU(), *units, table]).writeto(tmp_path / "a.fits")
    return tmp_path / "a.fits", planes


def test_extensions_that_are_named_as_the_bands_are_the_bands(several: tuple[Path, dict[str, np.ndarray]]) -> None:
    path, planes = several
    np.testing.assert_array_equal(read_image(path, Reading(BANDS)), [planes[name] for name in BANDS])


@pytest.mark.parametrize("words", [("g",), ("WHT", "r"), ("4", "3", "2")])
def test_extensions_are_read_as_named_in_order(
    several: tuple[Path, dict[str, np.ndarray]], words: tuple[str, ...]
) -> None:
    path, planes = several
    names = [list(planes)[int(word) - 1] if word.isdigit() else word.lower() for word in words]
    found = read_image(path, Reading(("x", "y", "z"), extensions=words))
    np.testing.assert_array_equal(found, [planes[name] for name in names])


@pytest.mark.parametrize(
    ("reading", "message"),
    [
        (Reading(("u", "g", "r")), r"holds 4 images \(1 'WHT' 8x9, .*\); name those to read, e\.g\. extensions = "),
        (Reading(BANDS, extensions=("gg",)), "has no image extension 'gg'; did you mean 'g'"),
        (Reading(BANDS, extensions=("catalogue",)), "has no image extension 'catalogue'"),
    ],
)  # fmt: skip
def test_extensions_that_nobody_can_tell_are_refused(
    several: tuple[Path, dict[str, np.ndarray]], reading: Reading, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_image(several[0], reading)


def test_two_extensions_of_one_name_are_told_apart_by_number(tmp_path: Path) -> None:
    units = [fits.ImageHDU(np.full((4, 4), shade, "f4"), name="SCI") for shade in (1, 2)]
    fits.HDUList([fits.PrimaryHDU(), *units]).writeto(tmp_path / "a.fits")
    with pytest.raises(DataError, match="has 2 extensions named 'SCI'; give the number, 1 or 2"):
        read_image(tmp_path / "a.fits", Reading(("r",), extensions=("SCI",)))


def test_extensions_of_two_sizes_are_no_image(tmp_path: Path) -> None:
    units = [fits.ImageHDU(np.zeros((4, size), "f4"), name=name) for size, name in ((4, "G"), (5, "R"), (4, "I"))]
    fits.HDUList([fits.PrimaryHDU(), *units]).writeto(tmp_path / "a.fits")
    with pytest.raises(DataError, match="has 3 extensions of 4x4, 4x5 pixels, want one plane each, of one size"):
        read_image(tmp_path / "a.fits", Reading(BANDS))
