"""Images with a pixel or a few replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from astrobench_perturbations.evolution import Pixels


def replaced(images: torch.Tensor, pixels: Pixels) -> torch.Tensor:
    """Return images float32 (M, C, H, W), image i with pixels[i] in place of its own; the original is left alone."""
    return replace_pixels(images.clone(), pixels)


def replace_pixels(images: torch.Tensor, pixels: Pixels) -> torch.Tensor:
    """Replace the pixels of each image in place and return the images. Of two in one place, the last counts."""
    rows, cols, values = pixels.rows, pixels.cols, pixels.values.to(images.dtype)
    which = torch.arange(len(images), device=images.device)
    if rows.ndim == 1:
        images[which, :, rows, cols] = values
        return images
    for row, col, value in zip(rows.unbind(1), cols.unbind(1), values.unbind(1), strict=True):
        images[which, :, row, col] = value
    return images
