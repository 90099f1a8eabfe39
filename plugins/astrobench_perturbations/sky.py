"""A brighter sky: moonlight, twilight, or a worse site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from astrobench import Perturbed, needs, severity

from astrobench_perturbations.observing import observation_of, sky_of

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn


@severity("brighter", "mag/arcsec²", harmless=0.0)
@needs("observation")
def sky(batch: Batch, model: nn.Module, rng: Streams, *, brighter: Annotated[float, "[0, 10]"]) -> Perturbed:
    """Observe under a sky that is brighter by so many mag/arcsec² in every band.

    The sky grows by 10^(0.4 · brighter); its mean is subtracted, so what is added is its noise: Poisson(Δ) - Δ per
    pixel, Δ in e⁻, which is exactly what the sky of a brighter night adds to the counts that were caught.

    Raises DataError for a dataset that does not say how it was observed.
    """
    seen = observation_of(batch, "sky")
    added = sky_of(seen) * (10 ** (0.4 * brighter) - 1)
    flux = np.empty(batch.flux.shape, np.float32)
    for row, image_id in enumerate(batch.ids):
        noise = rng.of(image_id).poisson(added, flux.shape[1:]) - added
        flux[row] = batch.flux[row] + noise / seen.gain
    return Perturbed(flux=flux)
