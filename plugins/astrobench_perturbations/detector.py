"""Pixels of the detector that count nothing, or far too much: the same in every band, which one detector saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from astrobench_perturbations.observing import observation_of, sky_of

if TYPE_CHECKING:
    from astrobench import Batch, Streams


def drawn(batch: Batch, rng: Streams, shape: tuple[int, int], fraction: float) -> np.ndarray:
    """Return which of `shape` elements of each image's detector are faulty, bool (N, *shape), each with one chance."""
    faulty = [rng.of(image_id).random(shape) < fraction for image_id in batch.ids]
    return np.array(faulty, bool).reshape(-1, *shape)


def blinded(batch: Batch, faulty: np.ndarray, name: str) -> np.ndarray:
    """Return the flux where faulty pixels, bool (N, H, W) or what broadcasts to it, caught no electron at all.

    The mean sky is subtracted from them as from all others. Raises DataError where nobody knows the sky.
    """
    seen = observation_of(batch, name)
    empty = (-sky_of(seen) / seen.gain).astype(np.float32)
    flux: np.ndarray = np.where(faulty[:, None], empty, batch.flux)
    return flux
