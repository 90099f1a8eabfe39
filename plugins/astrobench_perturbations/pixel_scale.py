"""A camera with coarser pixels, and as many of them: the galaxy shrinks, the field grows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from astrobench import DataError, Perturbed, SuiteError, needs, severity

from astrobench_perturbations.observing import observation_of, pixel_scale_of, reobserved

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn


@severity("arcsec", "arcsec/pixel")
@needs("scene", "pixel_scale", arcsec="[pixel_scale, inf)")
def pixel_scale(batch: Batch, model: nn.Module, rng: Streams, *, arcsec: Annotated[float, "(0, 10]"]) -> Perturbed:
    """Observe with pixels of so many arcsec, centred on the same galaxy.

    Each new pixel gathers the light of the old ones that it covers, parts of them by area, so flux is kept; and the sky
    of that area with it. What the scene does not show is empty sky.

    Raises:
        SuiteError: pixels finer than those observed, for which there is no detail.
        DataError: a dataset whose pixel scale is unknown, or one without a noiseless scene: its images end where
            coarser pixels see more.
    """
    scale = pixel_scale_of(batch, "pixel_scale")
    if arcsec < scale:
        raise SuiteError(f"pixel_scale: arcsec = {arcsec:g} is finer than the observed {scale:g}")
    if observation_of(batch, "pixel_scale").scene is None:
        raise DataError("pixel_scale: the dataset has no noiseless scene, and images end where coarser pixels see more")
    factor = arcsec / scale
    down, right = (_cover(size, factor) for size in batch.flux.shape[2:])
    return Perturbed(flux=reobserved(batch, lambda images, _: down @ images @ right.T, rng, sky_factor=factor**2))


def _cover(size: int, factor: float) -> np.ndarray:
    """Return which fraction of each old pixel lies in each new one, float32 (new, old), both centred alike."""
    edges = np.arange(size + 1) - size / 2
    low, high = np.maximum(factor * edges[:-1, None], edges[:-1]), np.minimum(factor * edges[1:, None], edges[1:])
    cover: np.ndarray = np.maximum(high - low, 0.0).astype(np.float32)
    return cover
