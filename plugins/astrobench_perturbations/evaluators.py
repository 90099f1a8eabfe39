"""What the search asks of a network: the logits of images with one pixel replaced, as fast as the network allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch

from astrobench_perturbations.dense import Dense

if TYPE_CHECKING:
    import numpy as np
    from torch import nn

    from astrobench_perturbations.evolution import Pixels


class Evaluator(Protocol):
    """Holds clean images in slots and answers for candidates. code: 0 dense, 1 cone, as stored in facts."""

    code: int

    def place(self, slots: list[int], images: torch.Tensor) -> None:
        """Put clean images, float32 (m, C, H, W), into slots."""

    def logits(self, slots: np.ndarray, pixels: Pixels) -> torch.Tensor:
        """Return the logits, float32 (n, K), of the image in slots[i] with one pixel replaced by pixels[i]."""


@torch.inference_mode()
def evaluator_for(model: nn.Module, slots: int, sample: torch.Tensor) -> Evaluator:
    """Return the fastest evaluator that is exact for a network, with room for `slots` images."""
    return Dense(model, slots, sample)
