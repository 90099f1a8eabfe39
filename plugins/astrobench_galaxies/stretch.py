"""From flux to network input: an arcsinh or linear scaling whose limits are fitted once, on chosen images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astrobench import DataError

from astrobench_galaxies.percentiles import percentiles


@dataclass(frozen=True)
class ArcsinhStretch:
    """(1 + arcsinh(softening · clip(flux, low, high) / high)) / 2, the same for every band.

    Zero flux becomes 0.5 and `high` becomes 0.88562 at the published softening of 0.85, so inputs fill roughly
    [0.4, 0.886] rather than [0, 1]. low, high: flux, in the unit of the images.

    Source: DeepAdversaries (arXiv:2112.14299), import_and_scale.
    """

    low: float
    high: float
    softening: float = 0.85

    @classmethod
    def fit(cls, images: np.ndarray, low: float = 0.1, high: float = 99.9, softening: float = 0.85) -> ArcsinhStretch:
        """Take the limits from two percentiles over all images, bands and pixels of float32 (N, C, H, W).

        Exact for arrays of any size, in flat memory. Raises DataError where no flux is positive enough to scale by.
        """
        bottom, top = percentiles(images, low, high)
        if top <= 0:
            raise DataError(f"cannot fit an arcsinh stretch: percentile {high:g} of the flux is {top:g}, want above 0")
        return cls(bottom, top, softening)

    def __call__(self, flux: np.ndarray) -> np.ndarray:
        """Return the network input, float32 of the same shape."""
        scaled: np.ndarray = np.clip(flux, np.float32(self.low), np.float32(self.high)).astype(np.float32)
        scaled *= np.float32(self.softening / self.high)
        np.arcsinh(scaled, out=scaled)
        scaled += np.float32(1)
        scaled *= np.float32(0.5)
        return scaled


@dataclass(frozen=True)
class LinearStretch:
    """(clip(flux, low, high) - low) / (high - low), in [0, 1] and the same for every band: suits 8-bit pictures."""

    low: float
    high: float

    @classmethod
    def fit(cls, images: np.ndarray, low: float = 0.1, high: float = 99.9) -> LinearStretch:
        """Take the limits from two percentiles over all images, bands and pixels of float32 (N, C, H, W).

        Raises DataError where the images are flat.
        """
        bottom, top = percentiles(images, low, high)
        if not bottom < top:
            raise DataError(f"cannot fit a linear stretch: percentiles {low:g} and {high:g} are both {top:g}")
        return cls(bottom, top)

    def __call__(self, flux: np.ndarray) -> np.ndarray:
        """Return the network input, float32 of the same shape."""
        scaled: np.ndarray = np.clip(flux, np.float32(self.low), np.float32(self.high)).astype(np.float32)
        scaled -= np.float32(self.low)
        scaled /= np.float32(self.high - self.low)
        return scaled
