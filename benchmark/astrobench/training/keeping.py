"""What is kept of a network at some epochs, so that rules can look back from the end, and validators years later.

Images are few enough to cost a training about a fiftieth of its time, and the same for every method and seed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn

SHARE = 0.08
"""Of the images that a training shows, how many more are told of. Telling takes a third of the time of learning."""

LEAST, MOST = 50, 1000
HALF = 60000.0
"""The largest magnitude that float16 is trusted with; it ends at 65504."""


def images_told(train: int, epochs: int, kept: int, parts: int) -> int:
    """Return how many images of each of `parts` are told of, at `kept` epochs and at one more, the best.

    train: images of the source training set. epochs: the budget.
    """
    return min(MOST, max(LEAST, int(SHARE * train * epochs / (parts * (kept + 1)))))


@torch.inference_mode()
def told(model: nn.Module, parts: Mapping[str, torch.Tensor], size: int = 64) -> dict[str, np.ndarray]:
    """Return "<part>/logits" float32 (N, K) and "<part>/latent" (N, F) of images float32 (N, C, H, W) by part.

    Latents are float16 where they fit, for they are most of the bytes; a part whose name begins with "test " has none.
    """
    model.eval()
    found: dict[str, np.ndarray] = {}
    for name, images in parts.items():
        outputs = [model(some.clone()) for some in torch.split(images, size)]  # a network may work in place
        found[f"{name}/logits"] = torch.cat([output.logits.float() for output in outputs]).cpu().numpy()
        if not name.startswith("test "):
            found[f"{name}/latent"] = _half(torch.cat([output.latent.float() for output in outputs]).cpu().numpy())
    return found


def _half(values: np.ndarray) -> np.ndarray:
    small = bool((np.abs(values) < HALF).all())
    return values.astype(np.float16) if small else values
