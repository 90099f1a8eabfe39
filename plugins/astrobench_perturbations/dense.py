"""The evaluator that suits any network: each candidate is a whole image, sent through the whole network."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.fx.experimental.optimization import fuse

from astrobench_perturbations.attacked import MICRO
from astrobench_perturbations.blocks import with_blocks
from astrobench_perturbations.replaced import replace_pixels

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from astrobench_perturbations.evolution import Pixels

    Forward = Callable[[torch.Tensor, Pixels], torch.Tensor]

MICRO_CUDA = 1024
TOLERANCE = 1e-4
"""Largest change of a logit, in units of the largest logit (or of 1), that is rounding."""


class Dense:
    """Candidates as whole images, see `in_parts`."""

    code = 0

    def __init__(self, model: nn.Module, slots: int, sample: torch.Tensor) -> None:
        """Keep room for `slots` images like those of sample, float32 (n, C, H, W)."""
        self.micro = MICRO_CUDA if sample.is_cuda else MICRO
        self.network = fast(model, sample[:2])
        self.images = sample.new_zeros((slots, *sample.shape[1:])).to(memory_format=torch.channels_last)

    def place(self, slots: list[int], images: torch.Tensor) -> torch.Tensor:
        """Put clean images, float32 (m, C, H, W), into slots and return their logits, float32 (m, K)."""
        self.keep(slots, images)
        return torch.cat([self.network(image).logits for image in torch.split(images, 1)])  # see `by_image`

    def keep(self, slots: list[int], images: torch.Tensor) -> None:
        """Put clean images, float32 (m, C, H, W), into slots."""
        self.images[slots] = images.to(self.images.dtype)

    def logits(self, slots: torch.Tensor, pixels: Pixels) -> torch.Tensor:
        """Return the logits, float32 (n, K), of the image in slots[i] with one pixel replaced by pixels[i]."""
        return in_parts(self._forward, self.micro, slots, pixels)

    def _forward(self, slots: torch.Tensor, pixels: Pixels) -> torch.Tensor:
        logits: torch.Tensor = self.network(replace_pixels(self.images[slots], pixels)).logits
        return logits


def in_parts(forward: Forward, micro: int, slots: torch.Tensor, pixels: Pixels) -> torch.Tensor:
    """Return the logits, float32 (n, K), of candidates in micro-batches of at most `micro`, see `by_image`.

    Those of one image go in batches of one size, the last of which is filled up with its last candidate. On CUDA, where
    no value can be looked at, batches are of `micro` and hold candidates of several images.
    """
    if slots.is_cuda:
        return _in_batches(forward, micro, slots, pixels)
    runs = by_image(slots.numpy())
    return torch.cat([_in_batches(forward, micro, slots[at], pixels.part(at), even=True) for at in runs])


def _in_batches(
    forward: Forward, micro: int, slots: torch.Tensor, pixels: Pixels, *, even: bool = False
) -> torch.Tensor:
    n = len(slots)
    size = -(-n // -(-n // micro)) if even else micro
    full = torch.arange(-(-n // size) * size, device=slots.device).clamp(max=n - 1)
    return torch.cat([forward(slots[at], pixels.part(at)) for at in full.view(-1, size)])[:n]


def by_image(slots: np.ndarray) -> list[slice]:
    """Return where the candidates of each image stand, who are side by side, by the slots int64 (n,) of the images.

    On a CPU a forward pass holds candidates of one image, and clean images go one by one. The last bit of a logit
    depends on how many images a pass holds, and for some kernels on the place among them: what a vector instruction
    leaves over is computed in another way. An image whose passes are its own has the same bits, and so takes the same
    decisions, whatever is attacked beside it.
    """
    ends = np.flatnonzero(np.diff(slots, prepend=-1, append=-1))
    return [slice(start, end) for start, end in pairwise(ends.tolist())]


def fast(model: nn.Module, sample: torch.Tensor) -> nn.Module:
    """Return a copy of a network in eval mode that is laid out for speed and agrees with it on a sample.

    Batch-norm is folded into the convolution before it where the graph can be traced; weights are channels-last, and
    max-pools over blocks the faster kind.
    """
    copied = copy.deepcopy(model)
    try:
        copied = fuse(copied, inplace=True)
    except Exception:  # whatever stops a trace (control flow, unknown calls), the plain copy still serves
        copied = copy.deepcopy(model)
    copied = with_blocks(copied).eval().to(memory_format=torch.channels_last)
    return copied if agree(copied(sample).logits, model(sample).logits) else model


def agree(found: torch.Tensor, expected: torch.Tensor, tolerance: float = TOLERANCE) -> bool:
    """Return whether logits differ by no more than `tolerance`, in units of the largest (or of 1)."""
    scale = max(1.0, float(expected.abs().max()))
    return bool((found - expected).abs().max() <= tolerance * scale)
