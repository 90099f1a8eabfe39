"""Taking the picture again: what a change of the scene looks like under the same sky, in electrons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from astrobench import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from astrobench import Batch, Observation, Streams

    Change = Callable[[np.ndarray, np.ndarray], np.ndarray]
    """Images float32 (n, C, H, W) and the row that each has in its batch, int64 (n,) → images of the same shape."""

TOGETHER = 32
"""Images in one go: few enough that what a transform of them needs stays small."""


def observation_of(batch: Batch, name: str) -> Observation:
    """Return how a batch was observed. Raises DataError, naming the perturbation, where nobody knows."""
    if batch.observation is None:
        raise DataError(f"{name}: the dataset has no flux in e⁻: it does not say how its images were observed")
    return batch.observation


def pixel_scale_of(batch: Batch, name: str) -> float:
    """Return how many arcsec a pixel is. Raises DataError, naming the perturbation, where nobody knows."""
    if batch.pixel_scale is None:
        raise DataError(f"{name}: the dataset's pixel_scale is unknown; give it one in arcsec, or leave {name} out")
    return batch.pixel_scale


def sky_of(observation: Observation) -> np.ndarray:
    """Return the mean sky in e⁻/pixel, float64 (C, 1, 1)."""
    return np.asarray(observation.sky, np.float64)[:, None, None]


def reobserved(batch: Batch, change: Change, rng: Streams, *, sky_factor: float = 1.0) -> np.ndarray:
    """Return the flux, float32 (N, C, H, W), of a changed scene caught afresh.

    With a known scene that is Poisson(changed scene + sky) - sky, so that a change of the light leaves the noise what
    it is; the noise of an image depends on its id alone. Without one the image itself is changed, its noise too.
    sky_factor: how many times the sky a pixel now sees.
    """
    seen = batch.observation
    if seen is None or seen.scene is None:
        return _changed(batch.flux, change)
    sky = sky_of(seen) * sky_factor
    flux = np.empty(batch.flux.shape, np.float32)
    for rows in parts(len(flux)):
        scene = change(np.asarray(seen.scene[rows], np.float32), rows)
        for row, image in zip(rows, scene, strict=True):
            # A filtered scene may dip below zero, which no Poisson mean can.
            caught = rng.of(batch.ids[row]).poisson(np.maximum(image + sky, 0.0))
            flux[row] = (caught - sky) / seen.gain
    return flux


def parts(images: int) -> Iterator[np.ndarray]:
    """Yield the rows of a batch, a few at a time."""
    for at in range(0, images, TOGETHER):
        yield np.arange(at, min(at + TOGETHER, images))


def _changed(flux: np.ndarray, change: Change) -> np.ndarray:
    every = [change(np.asarray(flux[rows], np.float32), rows) for rows in parts(len(flux))]
    return np.concatenate([np.empty((0, *flux.shape[1:]), np.float32), *every]).astype(np.float32)
