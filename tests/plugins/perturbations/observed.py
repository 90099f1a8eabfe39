"""Small observed skies for natural perturbations: what GalSim draws, with or without its noiseless scene."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import galsim
import numpy as np
import torch
from astrobench import Batch, Observation
from plugins.perturbations.skies import always, sky

if TYPE_CHECKING:
    from torch import nn

SIDE, SCALE = 48, 0.2
SKY = (2000.0, 9000.0, 18000.0)
GAIN = 10.0
MODEL: nn.Module = always(0)


def galaxy(flux: float = 20000.0) -> galsim.GSObject:
    """Return a smooth galaxy, well sampled in pixels of 0.2 arcsec, off centre and at an angle."""
    return galsim.Gaussian(fwhm=1.6, flux=flux).shear(g1=0.3, g2=0.2).shift(0.5, -0.3)


def drawn(one: galsim.GSObject, scale: float = SCALE, method: str = "no_pixel") -> np.ndarray:
    """Return what GalSim draws, float64 (SIDE, SIDE)."""
    return np.asarray(one.drawImage(nx=SIDE, ny=SIDE, scale=scale, method=method, dtype=float).array)


def images_only(image: np.ndarray, images: int = 2) -> Batch:
    """Return a batch of one noiseless image float (H, W) in all bands, of which nobody knows the scene."""
    flux = np.broadcast_to(image, (images, 3, *image.shape)).astype(np.float32)
    return sky(torch.from_numpy(flux.copy()), observation=Observation(10.0, SKY, None, gain=GAIN))


def scenes(image: np.ndarray, images: int = 60) -> Batch:
    """Return a batch of observed images whose scene in e⁻, float (H, W), is known."""
    scene = np.broadcast_to(image, (images, 3, *image.shape)).astype(np.float32)
    level = np.array(SKY)[:, None, None]
    flux = (np.random.default_rng(3).poisson(scene + level) - level) / GAIN
    batch = sky(torch.from_numpy(flux.astype(np.float32)))
    return replace(batch, observation=Observation(10.0, SKY, scene, gain=GAIN))


def assert_poisson(flux: np.ndarray, scene: np.ndarray, level: np.ndarray | None = None) -> None:
    """In e⁻ the mean is the scene and the variance scene + sky, within five standard errors of pooled statistics."""
    level = np.array(SKY)[:, None, None] if level is None else level
    standard = (flux.astype(float) * GAIN - scene) / np.sqrt(scene.clip(0) + level)
    for part in (standard, *standard.transpose(1, 0, 2, 3)):
        assert abs(part.mean()) < 5 / np.sqrt(part.size)
        assert abs(part.var() - 1) < 5 * np.sqrt(2 / part.size)
