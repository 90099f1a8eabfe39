"""A picture for the web instead of the data: eight bits and JPEG."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Annotated

import numpy as np
import torch
from astrobench import Perturbed, severity
from PIL import Image

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn

COLOURS = 3


@severity("quality", "quality", harder="lower")
def jpeg(batch: Batch, model: nn.Module, rng: Streams, *, quality: Annotated[int, "[1, 95]"]) -> Perturbed:
    """Compress the network input as JPEG of a quality from 1 to 95, and read it back.

    Eight bits span the limits of the source training inputs; what lies beyond is clipped. Three bands are one colour
    picture, the last band (the reddest) as red, with colours at half the resolution as image servers do (4:2:0); any
    other number of bands are grey pictures. Written by Pillow, so bits belong to its libjpeg.
    """
    low, high = batch.limits
    images = batch.inputs.detach().cpu().numpy()
    levels = np.rint((images - low) / (high - low) * 255).clip(0, 255).astype(np.uint8)
    read = np.stack([_through(image, quality) for image in levels]) if len(levels) else levels
    back = (low + read.astype(np.float32) / 255 * (high - low)).astype(np.float32)
    return Perturbed(inputs=torch.from_numpy(back).to(batch.inputs.device))


def _through(image: np.ndarray, quality: int) -> np.ndarray:
    """Return an image uint8 (C, H, W) after its way through a file."""
    if len(image) != COLOURS:
        return np.stack([_decoded(Image.fromarray(band), quality) for band in image])
    return _decoded(Image.fromarray(np.ascontiguousarray(image[::-1].transpose(1, 2, 0))), quality).transpose(2, 0, 1)[
        ::-1
    ]


def _decoded(picture: Image.Image, quality: int) -> np.ndarray:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, subsampling="4:2:0")
    with Image.open(file) as read:
        return np.asarray(read)
