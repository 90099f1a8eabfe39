"""The same galaxy at another position angle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from astrobench import Perturbed, severity
from scipy import ndimage

from astrobench_perturbations.observing import reobserved

if TYPE_CHECKING:
    import numpy as np
    from astrobench import Batch, Streams
    from torch import nn


@severity("degrees", "deg", harmless=0.0)
def rotation(batch: Batch, model: nn.Module, rng: Streams, *, degrees: Annotated[float, "[0, 360]"]) -> Perturbed:
    """Turn every image by an angle in degrees about its centre, counter-clockwise with rows counted upwards.

    By cubic splines; flux per pixel is kept. A known scene is turned and caught afresh, and what was outside it is
    empty sky. Without one the image itself is turned, its noise too, and mirrored beyond its edges.
    """
    seen = batch.observation
    beyond: Literal["mirror", "constant"] = "mirror" if seen is None or seen.scene is None else "constant"

    def turned(images: np.ndarray, _: np.ndarray) -> np.ndarray:
        found: np.ndarray = ndimage.rotate(images, -degrees, axes=(3, 2), reshape=False, order=3, mode=beyond)
        return found

    return Perturbed(flux=reobserved(batch, turned, rng))
