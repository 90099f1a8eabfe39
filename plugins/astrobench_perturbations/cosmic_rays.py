"""Muons through the detector, each a straight track of charge."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import numpy as np
from astrobench import Perturbed, needs, severity

from astrobench_perturbations.observing import observation_of, pixel_scale_of
from astrobench_perturbations.tracks import deposit

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn

PER_MICRON = 80.0
"""Mean charge that a minimum-ionising particle frees in silicon, e⁻/µm (Particle Data Group)."""


@severity("rate", "arcmin⁻²", harmless=0.0)
@needs("observation", "pixel_scale")
def cosmic_rays(
    batch: Batch,
    model: nn.Module,
    rng: Streams,
    *,
    rate: Annotated[float, "[0, 10000]"],
    thickness: Annotated[float, "(0, 1000]"] = 100.0,
    pixel: Annotated[float, "(0, 100]"] = 10.0,
) -> Perturbed:
    """Let cosmic-ray muons hit every band, so many a square arcminute.

    The hits of an image and band are Poisson in number and uniform in place. A muon crosses a layer of silicon of
    `thickness` µm at a zenith angle θ with the density cos³θ sin θ (a cos²θ sky on a flat detector that looks up) and
    any azimuth, and frees 80 e⁻ for each µm of its path, spread over the pixels of `pixel` µm below its track. Defaults
    are those of LSST. Each band was taken at another time and has its own hits. Straggling and diffusion are left out.

    Facts: hits: int64 (N, C).

    Raises DataError for a dataset that does not say how it was observed, or whose pixel scale is unknown.
    """
    seen = observation_of(batch, "cosmic_rays")
    height, width = batch.flux.shape[2:]
    mean = rate * height * width * (pixel_scale_of(batch, "cosmic_rays") / 60) ** 2
    flux, hits = np.array(batch.flux, np.float32), np.zeros(batch.flux.shape[:2], np.int64)
    for row, image_id in enumerate(batch.ids):
        stream = rng.of(image_id)
        hits[row] = stream.poisson(mean, len(batch.bands))
        for band, count in enumerate(hits[row]):
            charge = np.zeros((height, width))
            for _ in range(count):
                _hit(charge, stream, thickness, pixel)
            flux[row, band] += charge / seen.gain
    return Perturbed(flux=flux, facts={"hits": hits})


def _hit(charge: np.ndarray, stream: np.random.Generator, thickness: float, pixel: float) -> None:
    """Add one muon's e⁻ to an image, float64 (H, W)."""
    height, width = charge.shape
    row, col = stream.uniform(-0.5, height - 0.5), stream.uniform(-0.5, width - 0.5)
    cosine, azimuth = (1 - stream.random()) ** 0.25, 2 * math.pi * stream.random()
    length = min(thickness * math.sqrt(1 / cosine**2 - 1) / pixel, 2.0 * (height + width))  # µm → pixels, on the chip
    down, right = length / 2 * math.sin(azimuth), length / 2 * math.cos(azimuth)
    total = PER_MICRON * math.hypot(thickness, length * pixel)
    deposit(charge, (row - down, col - right), (row + down, col + right), total)
