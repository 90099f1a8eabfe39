"""A tiny sky and a tiny network for checks: made up, the same every time."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from astrobench.stages.readonly import read_only
from astrobench.types import Batch, Observation, Output

BANDS = ("g", "r", "i")
SKY = (400.0, 900.0, 1200.0)
N, SIDE, CLASSES = 3, 12, 3
"""Small, because an attack asks the network a hundred thousand times."""


def stretch(flux: np.ndarray) -> np.ndarray:
    """Return flux in e⁻ as network input in [0, 1], float32."""
    stretched = np.arcsinh(np.asarray(flux, dtype=np.float32) / 50) / 6
    return np.clip(stretched, 0, 1).astype(np.float32)


class TinyNetwork(nn.Module):
    """One convolution, a mean, a latent of 8 features."""

    layers = ("convolution", "bottleneck", "head")

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(len(BANDS), 6, 3, stride=2, padding=1)
        self.pool = nn.AdaptiveAvgPool2d(2)
        self.bottleneck, self.head = nn.Linear(24, 8), nn.Linear(8, CLASSES)

    def forward(self, images: torch.Tensor) -> Output:
        """Return latent (B, 8) and logits (B, 3) of images (B, 3, H, W)."""
        latent = self.bottleneck(self.pool(self.convolution(images).relu()).flatten(1))
        return Output(latent, 10 * self.head(latent))


def batch(model: nn.Module, *, labelled: bool = True) -> Batch:
    """Return N images of blobs with their noiseless scene; labels are what the model says of them.

    Arrays are read-only, as in a run.
    """
    stream = np.random.default_rng(5)
    across = np.arange(SIDE) - SIDE / 2 + 0.5
    radius = np.hypot(*np.meshgrid(across, across))
    size, bright = 1.0 + np.arange(N), 400.0 * (1 + np.arange(len(BANDS)))
    scene = (np.exp(-radius / size[:, None, None])[:, None] * bright[:, None, None]).astype(np.float32)
    sky = np.array(SKY)[:, None, None]
    flux = (stream.poisson(scene + sky) - sky).astype(np.float32)
    inputs = torch.from_numpy(stretch(flux))
    with torch.no_grad():
        said = model(inputs).logits.argmax(1).numpy().astype(np.int64)
    ids = np.array([f"galaxy-{number}" for number in range(N)])
    flux, scene, said, ids = map(read_only, (flux, scene, said, ids))
    seen = Observation(10.0, SKY, scene, gain=1.0)
    limits = (float(inputs.min()), float(inputs.max()))
    return Batch(flux, inputs, said if labelled else None, ids, stretch, seen, "e-", 0.2, BANDS, limits)
