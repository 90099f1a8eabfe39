"""Taking a picture: sky and source photons counted one by one, and the mean sky taken away again."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from astrobench import Streams

from astrobench_galaxies.photons import photons

if TYPE_CHECKING:
    from collections.abc import Sequence


def expose(yearly: np.ndarray, yearly_sky: Sequence[float], years: float, rng: np.random.Generator) -> np.ndarray:
    """Return an image of a noiseless scene after `years` of survey: float32 (C, H, W) in e⁻, mean sky subtracted.

    yearly: float32 (C, H, W), the scene's e⁻/pixel in one survey year. yearly_sky: e⁻/pixel in one year, per band.
    Poisson(scene + sky) - sky, so that noise comes from the source as well as from the sky.
    """
    sky = np.asarray(yearly_sky, np.float64)[:, None, None] * years
    mean = np.multiply(yearly, years, dtype=np.float64)
    mean += sky
    counts = photons(mean, rng)
    counts -= sky
    return counts.astype(np.float32)


def noise_stream(seed: int, number: int, years: float) -> np.random.Generator:
    """Return the stream of one galaxy's noise at one depth: depends on seed, galaxy and years, on nothing else.

    SFC64, whose bits cost a third of those of the core's streams: an image takes 15,000 words of them.
    """
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(_scope(seed, years), spawn_key=(number,))))


@cache
def _scope(seed: int, years: float) -> int:
    return int(Streams(f"lsst_mock noise {seed} {years:g}").all().integers(2**63))
