"""Farther galaxies are dimmer: (1 + z)⁻⁴ in surface brightness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from astrobench import Perturbed, needs, severity

from astrobench_perturbations.observing import observation_of, reobserved, sky_of

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn


@severity("z", "", harmless=0.0)
@needs("observation")
def redshift(batch: Batch, model: nn.Module, rng: Streams, *, z: Annotated[float, "[0, 10]"]) -> Perturbed:
    """Dim the surface brightness of the galaxies by (1 + z)⁻⁴, as if they lay farther by a redshift z.

    z counts from where the galaxies are: one at z₀ moves to (1 + z₀)(1 + z) - 1. Sky and exposure stay. Only the
    dimming is applied: size, colour and shape stay, and no galaxy grows younger. A known scene is dimmed and caught
    afresh. Without one the image is dimmed, and Gaussian noise makes up for the sky's noise that was dimmed with it.

    Raises DataError for a dataset that does not say how it was observed.

    Source: Tolman 1930, PNAS 16, 511; Hubble & Tolman 1935, ApJ 82, 302.
    """
    factor = (1 + z) ** -4
    seen = observation_of(batch, "redshift")
    flux = reobserved(batch, lambda images, _: np.float32(factor) * images, rng)
    if seen.scene is None:
        spread = np.sqrt(sky_of(seen) * (1 - factor**2)) / seen.gain
        for row, image_id in enumerate(batch.ids):
            flux[row] += spread * rng.of(image_id).standard_normal(flux.shape[1:])
    return Perturbed(flux=flux)
