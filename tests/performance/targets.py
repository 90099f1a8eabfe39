"""What is attacked in the race of attacks: two networks of two classes, and images that are easy or hard to turn.

With two classes "the target's probability exceeds 0.5", our rule, and "the class changes", the peer's, are one.
"""

from __future__ import annotations

import numpy as np
import torch
from astrobench import Batch
from astrobench_networks.convnet import convnet
from astrobench_networks.resnet18 import resnet18
from torch import nn

SHAPE, CLASSES = (3, 100, 100), 2
OUT_OF_REACH = 5.0
"""A lead in logit that no pixel makes up for."""


def sky(images: int, seed: int = 0) -> tuple[torch.Tensor, np.ndarray]:
    """Return blobs in noise, float32 (images, 3, 100, 100), about 0.5, and whether each is one of the wide, int64."""
    stream = np.random.default_rng(seed)
    width = stream.uniform(5, 7, images)
    rows, cols = np.mgrid[: SHAPE[1], : SHAPE[2]] - SHAPE[1] / 2
    blobs = 0.1 * np.exp(-(rows**2 + cols**2) / (2 * width[:, None, None] ** 2))
    noise = stream.normal(0, 0.04, (images, *SHAPE))
    return torch.from_numpy(0.5 + blobs[:, None] + noise).float(), (width > 6).astype(np.int64)


def batch_of(images: torch.Tensor, starts: np.ndarray) -> Batch:
    """Return what an attack is given."""
    ids = np.array([f"blob {number}" for number in range(len(images))])
    bands, limits = ("g", "r", "i"), (0.0, 1.0)
    return Batch(images.numpy(), images, starts, ids, lambda flux: flux, None, "e-", 0.2, bands, limits)


def starts_of(network: nn.Module, images: torch.Tensor) -> np.ndarray:
    """Return the class each image is attacked from, the network's own, int64 (images,)."""
    with torch.inference_mode():
        found: np.ndarray = network(images).logits.argmax(1).numpy()
    return found


def trained(steps: int = 12) -> nn.Module:
    """Return the ConvNet of DeepAdversaries, and a quarter of the blobs so near its border that a pixel turns them.

    Its head is scaled and shifted until the lead of one class over a sample has median 0 and standard deviation 1/2.
    """
    torch.manual_seed(0)
    network, (images, labels) = convnet(SHAPE, CLASSES), sky(64)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(steps):
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(images).logits, torch.from_numpy(labels)).backward()
        optimiser.step()
    network.eval()
    with torch.no_grad():
        network.head.weight.mul_(0.5 / network(images).logits.diff(dim=1).std())
        network.head.bias[1] -= network(images).logits.diff(dim=1).median()
    return network


def unmoved() -> nn.Module:
    """Return a ResNet18 that no pixel moves, so that every contender spends its whole budget on every image."""
    torch.manual_seed(0)
    network = resnet18(SHAPE, CLASSES)
    with torch.no_grad():
        network.head.bias[0] += OUT_OF_REACH
    return network.eval()
