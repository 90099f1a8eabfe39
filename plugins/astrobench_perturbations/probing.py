"""What an evaluator says of a few candidates, beside what the network says."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from astrobench_perturbations.evolution import Pixels
from astrobench_perturbations.replaced import replace_pixels

if TYPE_CHECKING:
    from torch import nn

    from astrobench_perturbations.evaluators import Evaluator


class Answers(NamedTuple):
    """Logits of the same candidates, float32 (n, K): those found, and the network's own."""

    found: torch.Tensor
    expected: torch.Tensor


def probed(evaluator: Evaluator, model: nn.Module, image: torch.Tensor, step: int = 1) -> Answers:
    """Ask for pixels of an image, float32 (1, C, H, W): corners, edges and inside, each `step`-th of sixteen."""
    pixels = _sixteen(image).part(slice(None, None, step))
    evaluator.place([0], image)
    found = evaluator.logits(torch.zeros_like(pixels.rows), pixels)
    return Answers(found, model(replace_pixels(image.repeat(len(pixels.rows), 1, 1, 1), pixels)).logits)


def _sixteen(image: torch.Tensor) -> Pixels:
    """Return sixteen pixels of an image, from black to white."""
    _, channels, height, width = image.shape
    rows, cols = (torch.tensor([0, size // 3, size // 2 + 1, size - 1]) for size in (height, width))
    values = torch.linspace(0, 1, 16 * channels).view(16, channels)
    return Pixels(*(part.to(image.device) for part in (rows.repeat_interleave(4), cols.repeat(4), values)))
