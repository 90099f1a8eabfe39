"""Another exposure time: the same sky and the same galaxies, caught in fewer or more electrons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from astrobench import DataError, Perturbed, SuiteError, needs, severity

if TYPE_CHECKING:
    from astrobench import Batch, Observation, Streams
    from torch import nn


@severity("years", "yr", harder="lower")
@needs("observation", years="(0, longest_exposure]")
def exposure(batch: Batch, model: nn.Module, rng: Streams, *, years: Annotated[float, "(0, 1000]"]) -> Perturbed:
    """Observe the same galaxies for another number of survey years, with Poisson noise of source and sky.

    Flux stays calibrated: a galaxy is as bright in any exposure, and only its noise changes.

    With a known scene the image is drawn afresh: Poisson(scene · f + sky · f) - sky · f per pixel, with
    f = years / observed years, so any number of years is possible. Without one, the counts that were caught
    (image · gain + sky, rounded to whole e⁻, negatives to 0) are thinned: Binomial(counts, f) - sky · f, which has
    exactly the distribution of the shorter exposure and needs years ≤ observed years. The noise of an image depends on
    its id only, not on the batch.

    Raises:
        SuiteError: years that are not above 0.
        DataError: a dataset that does not say how it was observed, or more years than observed without a scene.

    Source: the survey model of Sanchez et al. 2021 as used by DeepAdversaries (arXiv:2112.14299), section 2.2.
    """
    if not 0 < years < np.inf:
        raise SuiteError(f"exposure: years = {years:g}, want a number above 0")
    observation = batch.observation
    if observation is None:
        raise DataError("exposure: the dataset does not say how its images were observed (years and sky)")
    if observation.scene is None and years > observation.years:
        raise DataError(
            f"exposure: years = {years:g} without a noiseless scene, want at most the observed {observation.years:g}"
        )
    fraction = years / observation.years
    sky = np.asarray(observation.sky, np.float64)[:, None, None] * fraction
    flux = np.empty(batch.flux.shape, np.float32)
    for number, image_id in enumerate(batch.ids):
        caught = _counts(batch, observation, number, fraction, sky, rng.of(image_id))
        flux[number] = (caught - sky) / (observation.gain * fraction)
    return Perturbed(flux=flux)


def _counts(
    batch: Batch,
    observation: Observation,
    number: int,
    fraction: float,
    sky: np.ndarray,
    stream: np.random.Generator,
) -> np.ndarray:
    """Return whole e⁻ caught in image `number`, source and sky, int64 (C, H, W); sky is that of the new exposure."""
    caught: np.ndarray
    if observation.scene is not None:
        # An interpolated scene may dip below zero by rounding, which no Poisson mean can.
        caught = stream.poisson(np.maximum(observation.scene[number] * fraction + sky, 0.0))
    else:
        counts = np.rint(batch.flux[number] * observation.gain + sky / fraction).clip(0).astype(np.int64)
        caught = stream.binomial(counts, fraction)
    return caught
