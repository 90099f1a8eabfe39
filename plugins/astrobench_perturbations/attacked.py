"""Which images an attack is tried on, and which class each starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from astrobench import DataError, Streams

if TYPE_CHECKING:
    from astrobench import Batch
    from torch import nn

MICRO = 32
"""Images a forward pass takes on a CPU: larger batches are slower, each big activation is mapped anew."""

_CHOICE = Streams("which images are attacked")


class Attacked(NamedTuple):
    """Images to attack. rows: int64 (M,), ascending. starts: int64 (M,), the class each attack starts from."""

    rows: np.ndarray
    starts: np.ndarray


def attacked(batch: Batch, model: nn.Module, images: int, *, only_correct: bool) -> Attacked:
    """Choose at most `images` of a batch, see `chosen`, and say which class each starts from.

    The start is the label, or the predicted class where labels are unknown. only_correct: of those chosen, leave out
    the images that the network gets wrong already.

    Raises DataError for the targets of a regression.
    """
    rows = chosen(batch, images)
    if batch.labels is None:
        return Attacked(rows, predicted(model, batch.inputs[torch.from_numpy(rows)]))
    starts = batch.labels[rows].astype(np.int64)
    if not only_correct:
        return Attacked(rows, starts)
    correct = predicted(model, batch.inputs[torch.from_numpy(rows)]) == starts
    return Attacked(rows[correct], starts[correct])


def chosen(batch: Batch, images: int) -> np.ndarray:
    """Return which images of a batch an attack is tried on, at most `images`: int64 (M,), ascending.

    The choice depends on the ids alone, so that every network, seed and attack meets the same images, and fewer
    images are a subset of more.

    Raises DataError for the targets of a regression.
    """
    if batch.labels is not None and not np.issubdtype(batch.labels.dtype, np.integer):
        raise DataError("an attack on a class needs class labels, not the targets of a regression")
    rank = np.array([_CHOICE.of(image_id).random() for image_id in batch.ids])
    return np.sort(np.argsort(rank, kind="stable")[:images])


def predicted(model: nn.Module, inputs: torch.Tensor) -> np.ndarray:
    """Return the class a network gives each image, int64 (M,), in small batches."""
    with torch.inference_mode():
        classes = [model(inputs[at : at + MICRO]).logits.argmax(1).cpu().numpy() for at in range(0, len(inputs), MICRO)]
    return np.concatenate([np.empty(0, np.int64), *classes])
