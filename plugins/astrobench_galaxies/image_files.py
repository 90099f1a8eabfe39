"""One cut-out from its file, whatever its format: float32 planes, of one size and number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from astrobench import DataError
from PIL import Image

from astrobench_galaxies.arrays import open_npy

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 2**26  # pixels: no cut-out is larger, and a header that says so would take gigabytes


def read_image(path: Path) -> np.ndarray:
    """Return the planes of a PNG, JPEG, FITS or NPY file, float32 (C, H, W), values as they stand in the file.

    Pictures give their 8-bit (or 16-bit grey) values, red first, transparency dropped. FITS gives the first
    extension with a 2-D or 3-D image. Raises DataError for a file that cannot be decoded.
    """
    kind = path.name.lower()
    if kind.endswith(".npy"):
        planes = _planes(open_npy(path), path)
    elif kind.endswith((".png", ".jpg", ".jpeg")):
        planes = _from_picture(path)
    else:
        planes = _from_fits(path)
    with np.errstate(over="ignore"):
        planes = np.ascontiguousarray(planes, np.float32)
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


def _planes(image: np.ndarray, path: Path) -> np.ndarray:
    """Return (C, H, W) from (H, W), (C, H, W) or (H, W, C): bands are the shorter of the two ends."""
    if image.ndim not in (2, 3) or image.size == 0 or image.size > LARGEST:
        raise DataError(f"{path} has shape {image.shape}, want one image: (H, W), (C, H, W) or (H, W, C)")
    if image.ndim == 2:
        return image[None]
    return image if image.shape[0] <= image.shape[2] else np.moveaxis(image, 2, 0)


def _from_picture(path: Path) -> np.ndarray:
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as picture:
            if math.prod(picture.size) > LARGEST:
                raise DataError(f"{path} says it has {picture.width}x{picture.height} pixels; want a cut-out")
            decoded = np.asarray(_plain(picture))
    except DataError:
        raise
    except Exception as fault:  # decoders raise almost anything on a broken file, and each means the same here
        raise DataError(f"cannot decode {path} ({type(fault).__name__}); write it again or drop it") from None
    return decoded[None] if decoded.ndim == 2 else np.moveaxis(decoded, 2, 0)


def _plain(picture: Image.Image) -> Image.Image:
    """Return a picture as grey or as RGB: palettes looked up, transparency dropped."""
    if picture.mode in ("L", "RGB") or picture.mode.startswith("I"):
        return picture
    if picture.mode in ("1", "LA"):
        return picture.convert("L")
    if picture.mode == "P":
        picture = picture.convert("RGBA")  # a palette may hold transparency, which RGB alone would warn about
    return picture.convert("RGB")


def _from_fits(path: Path) -> np.ndarray:
    try:
        from astropy.io import fits
    except ImportError:
        raise DataError(f"reading {path} needs astropy; pip install 'astrobench[fits]'") from None
    try:
        with fits.open(path, memmap=False, lazy_load_hdus=True) as units:
            images = (unit for unit in units if unit.is_image and len(unit.shape) in (2, 3) and 0 not in unit.shape)
            image = next(images)
            if math.prod(image.shape) > LARGEST:
                raise DataError(f"{path} says it has {'x'.join(map(str, image.shape))} pixels; want a cut-out")
            planes = np.asarray(image.data)
            return planes if planes.ndim == 3 else planes[None]
    except DataError:
        raise
    except StopIteration:
        raise DataError(f"{path} holds no 2-D or 3-D image; write one as its first extension") from None
    except Exception as fault:  # as above
        raise DataError(f"cannot decode {path} ({type(fault).__name__}); write it again or drop it") from None
