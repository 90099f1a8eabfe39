"""Augmentation: no adaptation, only more of the source than there is."""

from __future__ import annotations

from itertools import product

import torch
from astrobench import Method, SuiteError
from torch import nn


class Augment(Method):
    """Source images turned, mirrored and made noisier, each by its own draw."""

    uses_target = False

    def __init__(self, weight: float, noise: float, *, flips: bool, rotations: bool) -> None:
        super().__init__()
        self.weight, self.noise, self.flips, self.rotations = weight, noise, flips, rotations

    def shown(self, images: torch.Tensor, labels: torch.Tensor, model: nn.Module) -> torch.Tensor:
        """Return the batch with a share of its images changed; which ones is the chance of the batch."""
        changed = round(self.weight * len(images))
        if not changed:
            return images
        some = turned(images[:changed], flips=self.flips, rotations=self.rotations)
        return torch.cat([noisier(some, self.noise), images[changed:]])


def augment(
    features: int, outputs: int, *, weight: float = 1.0, flips: bool = True, rotations: bool = True, noise: float = 1.0
) -> Augment:
    """Train on source images that are mirrored, turned and made noisier: a baseline that adapts to nothing.

    weight: the share of each batch that is changed, 0 to 1. flips, rotations: the symmetries of the square (half turns
    where images are not square), which keep every pixel value. noise: white Gaussian noise added to the stretched
    image; its standard deviation is drawn for each image between 0 and this many standard deviations of its band over
    the batch. No target image is used, so what it gains was to be had without adaptation.

    Raises:
        SuiteError: if weight is outside 0 … 1 or noise is below 0.

    Source: Dieleman et al. 2015, arXiv 1503.07077 (turns of galaxies); Bishop 1995, Neural Comput. 7, 108 (noise).
    """
    if not 0 <= weight <= 1:
        raise SuiteError(f"weight of augment must be between 0 and 1, not {weight}")
    if noise < 0:
        raise SuiteError(f"noise of augment must be 0 or more, not {noise}")
    return Augment(weight, noise, flips=flips, rotations=rotations)


def turned(images: torch.Tensor, *, flips: bool, rotations: bool) -> torch.Tensor:
    """Return images float32 (B, C, H, W), each under a symmetry of its own that keeps its shape."""
    square = images.shape[2] == images.shape[3]
    turns = torch.randint(4, (len(images),)) if square else 2 * torch.randint(2, (len(images),))
    turns = turns if rotations else torch.zeros_like(turns)
    mirrors = torch.randint(2 if flips else 1, (len(images),))
    result = torch.empty_like(images)
    for turn, mirror in product(range(4), range(2)):
        rows = ((turns == turn) & (mirrors == mirror)).nonzero().flatten().to(images.device)
        if len(rows):
            some = images[rows].rot90(turn, (2, 3))
            result[rows] = some.flip(3) if mirror else some
    return result


def noisier(images: torch.Tensor, noise: float) -> torch.Tensor:
    """Return images float32 (B, C, H, W) with white noise of 0 … `noise` standard deviations of each band."""
    if not noise:
        return images
    spread = images.std(dim=(0, 2, 3), keepdim=True)
    strength = noise * torch.rand(len(images), 1, 1, 1, device=images.device)
    return images + strength * spread * torch.randn_like(images)
