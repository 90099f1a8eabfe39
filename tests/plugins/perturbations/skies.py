"""Tiny skies and toy networks on which an attack's rules can be seen at work."""

from __future__ import annotations

import numpy as np
import torch
from astrobench import Batch, Observation, Output
from astrobench_perturbations.evolution import Pixels
from torch import nn


def sky(
    inputs: torch.Tensor,
    labels: np.ndarray | None = None,
    observation: Observation | None = None,
    limits: tuple[float, float] = (0.4, 0.9),
) -> Batch:
    """Return a batch around inputs float32 (N, C, H, W); the flux is the input itself."""
    ids = np.array([f"galaxy {number}" for number in range(len(inputs))])
    bands = ("g", "r", "i")[: inputs.shape[1]]
    return Batch(inputs.numpy(), inputs, labels, ids, lambda flux: flux, observation, "e-", 0.2, bands, limits)


def dim(images: int, shape: tuple[int, int, int] = (3, 8, 8), seed: int = 0) -> torch.Tensor:
    """Return dim noise float32 (images, *shape) about 0.5."""
    return 0.5 + 0.05 * torch.randn(images, *shape, generator=torch.Generator().manual_seed(seed))


class Linear(nn.Module):
    """Logits that are linear in the image: weights (K, C, H, W) on what exceeds 0.5, plus a bias (K,)."""

    def __init__(self, weights: torch.Tensor, bias: torch.Tensor) -> None:
        super().__init__()
        self.weights, self.bias = nn.Parameter(weights), nn.Parameter(bias)

    def forward(self, images: torch.Tensor) -> Output:
        latent = (images - 0.5).flatten(1)
        return Output(latent, latent @ self.weights.flatten(1).T + self.bias)


def linear(outputs: int = 3, shape: tuple[int, int, int] = (3, 8, 8), scale: float = 2.0, lead: float = 2.0) -> Linear:
    """Return a network that calls an empty image class 0 by a lead in logit, with random weights."""
    stream = torch.Generator().manual_seed(5)
    bias = torch.zeros(outputs)
    bias[0] = lead
    return Linear(scale * torch.randn(outputs, *shape, generator=stream), bias).eval()


def hills(lead: float, shape: tuple[int, int, int] = (3, 12, 12)) -> Linear:
    """Return a network whose classes 1 and 2 each gain smoothly towards one pixel, so that a search can climb."""
    rows, cols = torch.meshgrid(torch.arange(float(shape[1])), torch.arange(float(shape[2])), indexing="ij")
    tops = ((2.0, 9.0), (8.0, 3.0))
    gains = [torch.exp(-((rows - row) ** 2 + (cols - col) ** 2) / 8).expand(shape) for row, col in tops]
    return Linear(2 * torch.stack([torch.zeros(shape), *gains]), torch.tensor([lead, 0.0, 0.0])).eval()


def always(kind: int, outputs: int = 3, shape: tuple[int, int, int] = (3, 8, 8)) -> Linear:
    """Return a network that gives every image one class, with certainty."""
    bias = torch.zeros(outputs)
    bias[kind] = 20.0
    return Linear(torch.zeros(outputs, *shape), bias).eval()


def pixels_of(rows: np.ndarray, cols: np.ndarray, values: np.ndarray) -> Pixels:
    """Return candidates that were made with NumPy."""
    return Pixels(*(torch.from_numpy(part) for part in (rows, cols, values.astype(np.float32))))
