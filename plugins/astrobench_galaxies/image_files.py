"""One cut-out from its file, whatever its format: float32 planes, of one size and number.

The one door for pictures: a value that float32 cannot hold, an axis that may be read in two ways, or a picture that
a decoder would flatten is refused by name, and never guessed at.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from astrobench import DataError, exact_float32, open_npy
from PIL import Image

from astrobench_galaxies.fits_files import read_images

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

Axes = Literal["auto", "chw", "hwc"]

LARGEST = 2**26  # pixels: no cut-out is larger, and a header that says so would take gigabytes
SIXTEEN, GREY = 16, 0  # depth and colour type in the header of a PNG
OPAQUE = 255


class Reading(NamedTuple):
    """What a file is read as.

    bands: their names, () where nobody knows. axes: of three, "auto" for what their lengths leave no doubt of.
    extensions: those of a FITS file to read, by name or number; () for its only image.
    """

    bands: tuple[str, ...] = ()
    axes: Axes = "auto"
    extensions: tuple[str, ...] = ()


PLAIN = Reading()


def read_image(path: Path, reading: Reading = PLAIN) -> np.ndarray:
    """Return the planes of a PNG, JPEG, FITS or NPY file, float32 (C, H, W), values as they stand in the file.

    Pictures give their values of 8 or 16 bits, red first, turned as their EXIF orientation says; greys of 1, 2 and 4
    bits are spread over 0 … 255, as PNG defines. FITS gives physical values (BZERO + BSCALE × stored, bytes unsigned).
    Numbers that float32 cannot hold are refused; see `exact_float32` of the core.

    Raises DataError, naming the file and how to convert it, for one that cannot be decoded or holds NaN or infinite
    pixels, axes that may be read in two ways, several FITS images or frames, CMYK, and pixels that are not opaque.
    """
    kind = path.name.lower()
    if kind.endswith(".npy"):
        planes = _planes(open_npy(path), path, reading)
    elif kind.endswith((".png", ".jpg", ".jpeg")):
        planes = _from_picture(path)
    else:
        planes = _from_fits(path, reading)
    planes = exact_float32(planes, path)
    if not np.isfinite(planes).all():
        raise DataError(f"{path} has {np.count_nonzero(~np.isfinite(planes))} NaN or infinite pixels; mend or drop it")
    return planes


def fitted(planes: np.ndarray, bands: int, size: int, path: Path) -> np.ndarray:
    """Return float32 (bands, size, size): one plane is repeated, several are averaged where one is wanted.

    An oblong is cut to its central square. Resizing takes Pillow's triangle kernel, widened to the ratio of sizes:
    it does not alias and never overshoots, and it keeps surface brightness, not the sum. size 0 leaves the image
    as it is. Raises DataError for a number of planes that does not fit.
    """
    if len(planes) not in (1, bands) and bands != 1:
        raise DataError(f"{path} has {len(planes)} planes, want 1 or {bands}; give bands their {len(planes)} names")
    if size:
        planes = np.stack([_resized(plane, size) for plane in _square(planes)])
    if bands == 1:
        planes = planes.mean(axis=0, keepdims=True)
    return np.broadcast_to(planes, (bands, *planes.shape[1:]))


def _square(planes: np.ndarray) -> np.ndarray:
    height, width = planes.shape[1:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return planes[:, top : top + side, left : left + side]


def _resized(plane: np.ndarray, size: int) -> np.ndarray:
    if plane.shape == (size, size):
        return plane
    return np.asarray(Image.fromarray(np.ascontiguousarray(plane)).resize((size, size), Image.Resampling.BILINEAR))


def _planes(image: np.ndarray, path: Path, reading: Reading) -> np.ndarray:
    """Return (C, H, W) from (H, W), (C, H, W) or (H, W, C)."""
    if image.ndim not in (2, 3) or image.size == 0 or image.size > LARGEST:
        raise DataError(f"{path} has shape {image.shape}, want one image: (H, W), (C, H, W) or (H, W, C)")
    if image.ndim == 2:
        return image[None]
    axes = _axes(image.shape, len(reading.bands)) if reading.axes == "auto" else reading.axes
    if axes is None:
        raise DataError(
            f"{path} has shape {image.shape}, and its bands may be the first axis or the last; say which, by"
            ' axes = "chw" or axes = "hwc"'
        )
    return image if axes == "chw" else np.moveaxis(image, 2, 0)


def _axes(shape: tuple[int, ...], bands: int) -> Literal["chw", "hwc"] | None:
    """Return the order of three axes where there is no doubt of it. bands: how many are wanted, 0 where unknown.

    The axis of the bands is the end that is shorter than both others, unless the other end is as long as there are
    bands; or it is the only end that is as long as there are bands, and the other end is no shorter.
    """
    first, middle, last = shape
    if first < min(middle, last):
        return None if bands > 1 and first != bands == last else "chw"
    if last < min(first, middle):
        return None if bands > 1 and last != bands == first else "hwc"
    if bands > 1 and first == bands < last:
        return "chw"
    if bands > 1 and last == bands < first:
        return "hwc"
    return "chw" if set(shape) == {1} else None


def _from_fits(path: Path, reading: Reading) -> np.ndarray:
    images = read_images(path, reading.bands, reading.extensions, LARGEST)
    if len(images) == 1:
        return _planes(images[0], path, reading)
    shapes = {image.shape for image in images}
    if len(shapes) > 1 or images[0].ndim != 2:
        sizes = ", ".join("x".join(map(str, shape)) for shape in sorted(shapes))
        raise DataError(f"{path} has {len(images)} extensions of {sizes} pixels, want one plane each, of one size")
    return np.stack([exact_float32(image, path) for image in images])


def _from_picture(path: Path) -> np.ndarray:
    try:
        with path.open("rb") as file, Image.open(file, formats=("PNG", "JPEG")) as picture:
            if math.prod(picture.size) > LARGEST:
                raise DataError(f"{path} says it has {picture.width}x{picture.height} pixels; want a cut-out")
            if getattr(picture, "n_frames", 1) > 1:
                raise DataError(f"{path} holds more than one frame; save the one that is meant")
            if picture.mode == "CMYK":
                raise DataError(f"{path} is CMYK, inks rather than light; save it as RGB")
            if _is_deep(file):
                raise DataError(
                    f"{path} is a PNG of 16 bits with colour or alpha, of which Pillow reads the upper eight alone;"
                    " write it as NPY or FITS, or as grey, which is exact"
                )
            decoded = _values(picture)
            turn = int(picture.getexif().get(0x0112, 1))
    except DataError:
        raise
    except Exception as fault:  # decoders raise almost anything on a broken file, and each means the same here
        raise DataError(f"cannot decode {path} ({type(fault).__name__}); write it again or drop it") from None
    if decoded is None:
        raise DataError(f"{path} has pixels that are not opaque; flatten it onto a background, without alpha")
    return _upright(decoded, turn)


def _is_deep(file: IO[bytes]) -> bool:
    """Say whether a file is a PNG of 16 bits with more than grey, of which Pillow gives the upper eight."""
    place = file.tell()
    file.seek(0)
    head = file.read(26)
    file.seek(place)
    return head.startswith(b"\x89PNG") and head[24] == SIXTEEN and head[25] != GREY


def _values(picture: Image.Image) -> np.ndarray | None:
    """Return (C, H, W) of a grey or RGB picture, palettes looked up; None where pixels are not opaque."""
    if picture.mode.startswith("I"):  # grey of 16 bits
        grey = np.asarray(picture)[None]
        return None if (grey == picture.info.get("transparency", -1)).any() else grey
    if "transparency" in picture.info or picture.mode in ("PA", "LA"):
        grey_only = picture.mode in ("1", "L", "LA")
        values = np.moveaxis(np.asarray(picture.convert("RGBA")), 2, 0)
        return _opaque(values[[0, 3]] if grey_only else values)
    if picture.mode == "1":
        picture = picture.convert("L")
    elif picture.mode not in ("L", "RGB", "RGBA"):
        picture = picture.convert("RGB")
    decoded = np.asarray(picture)
    return decoded[None] if decoded.ndim == 2 else _opaque(np.moveaxis(decoded, 2, 0))


def _opaque(values: np.ndarray) -> np.ndarray | None:
    """Return planes without alpha, where that is the second or the fourth and opaque; else None."""
    if len(values) % 2:
        return values
    return values[:-1] if (values[-1] == OPAQUE).all() else None


def _upright(planes: np.ndarray, orientation: int) -> np.ndarray:
    """Return planes turned as EXIF's orientation, 1 … 8, says; any other number stands for none."""
    if orientation in (5, 6, 7, 8):
        planes = planes.swapaxes(1, 2)
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return planes[:, rows, columns]
