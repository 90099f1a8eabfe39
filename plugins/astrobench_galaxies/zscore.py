"""From flux to network input as DeepMerge scales it: each channel less its mean, over its standard deviation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from astrobench import DataError

from astrobench_galaxies.percentiles import blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class ZScoreStretch:
    """(flux - mean) / deviation of each channel, in the unit of the images; linear, so noise keeps its shape.

    Source: DeepMerge II (arXiv:2103.01373) and its code.
    """

    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    @classmethod
    def fit(cls, *sets: np.ndarray) -> ZScoreStretch:
        """Take mean and unbiased deviation of each channel over all pixels of float32 (N, C, H, W) arrays.

        Read in blocks, summed in float64. Raises DataError for no image, pixels that are not finite, or a flat channel.
        """
        pixels = sum(images.shape[0] * images.shape[2] * images.shape[3] for images in sets)
        if pixels < 2:
            raise DataError("cannot fit a z-score stretch: there are no images")
        mean = _summed(sets, lambda block: block) / pixels
        middle = mean[None, :, None, None]
        variance = _summed(sets, lambda block: (block - middle) ** 2) / (pixels - 1)
        if not np.isfinite(variance).all():
            raise DataError("cannot fit a z-score stretch: images have NaN or infinite pixels; mend or drop them")
        if not variance.min() > 0:
            raise DataError(f"cannot fit a z-score stretch: channel {int(variance.argmin())} has one value only")
        return cls(tuple(mean.tolist()), tuple(np.sqrt(variance).tolist()))

    def __call__(self, flux: np.ndarray) -> np.ndarray:
        """Return the network input, float32 of the same shape (…, C, H, W)."""
        mean, deviation = (np.array(values, np.float32)[:, None, None] for values in (self.mean, self.deviation))
        scaled: np.ndarray = np.subtract(flux, mean, dtype=np.float32)
        scaled /= deviation
        return scaled


def _summed(sets: Sequence[np.ndarray], change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    parts = [change(block.astype(np.float64)).sum(axis=(0, 2, 3)) for images in sets for block in blocks(images)]
    total: np.ndarray = np.sum(parts, axis=0)
    return total
