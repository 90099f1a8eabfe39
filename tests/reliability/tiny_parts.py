"""The tiny plugins: blobs of light left or right in three bands, shipped network and methods, and faults on demand."""

from __future__ import annotations

import os
import signal
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from astrobench import Dataset, Labelled, Method, Perturbed, Score, Unlabelled
from astrobench_alignment.can import can
from astrobench_alignment.combined import Combined
from astrobench_alignment.dann import dann
from astrobench_networks.convnet import ConvNet
from torch import nn

if TYPE_CHECKING:
    from astrobench import Batch, Prediction, Streams

MARKS = "ASTROBENCH_TINY_MARKS"
"""A folder in which each call that costs something leaves a file, so that a test can count what was done twice."""


def mark(kind: str) -> None:
    if folder := os.environ.get(MARKS):
        Path(folder, f"{kind}-{uuid.uuid4().hex}").touch()


def same(flux: np.ndarray) -> np.ndarray:
    return flux


def blobs(*, images: int = 64) -> Dataset:
    """Draw blobs on the left or on the right; there, they are fainter."""
    mark("dataset")

    def labelled(seed: int, light: float) -> Labelled:
        rng = np.random.default_rng(seed)
        labels = np.arange(images) % 2
        flux = rng.normal(size=(images, 3, 8, 8)).astype(np.float32)
        for side in (0, 1):
            flux[labels == side, :, :, 4 * side : 4 * side + 4] += light
        names = np.array([f"blob {number}" for number in range(images)])
        return Labelled(flux, names, same, labels=labels.astype(np.int64))

    there = labelled(2, 0.4)
    return Dataset(
        train=labelled(0, 0.8), valid=labelled(1, 0.8), target=Unlabelled(there.images, there.ids, same),
        tests={"here": labelled(3, 0.8), "there": labelled(4, 0.4)}, unit="adu", pixel_scale=0.2, bands=("g", "r", "i"),
        classes=("left", "right"), licence="none", citation="none", synthetic=True,
    )  # fmt: skip


class Dot(ConvNet):
    """The shipped ConvNet and dropout: all that has a state or an order in memory, or draws from a stream."""

    def __init__(self, shape: tuple[int, int, int], outputs: int) -> None:
        super().__init__(shape, outputs)
        self.trunk.append(nn.Dropout(0.2))


def dot(shape: tuple[int, int, int], outputs: int) -> Dot:
    """Build the network."""
    mark("network")
    return Dot(shape, outputs)


class Plain(Method):
    """Source only, as slow as it is told to be."""

    uses_target = False

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def start_epoch(self, epoch: int) -> None:
        mark("epoch")
        time.sleep(self.seconds)


def plain(features: int, outputs: int, *, seconds: float = 0.0) -> Plain:
    """Learn from the source alone. seconds: what an epoch takes at least."""
    return Plain(seconds)


def aligned(features: int, outputs: int, *, weight: float = 0.5) -> Combined:
    """Adapt by two shipped methods: one has buffers of its own, the other weights and dropout."""
    return Combined(can(features, outputs), dann(features, outputs, hidden=16), weight=weight)


def noise(batch: Batch, model: nn.Module, rng: Streams, *, sigma: float = 0.5, seconds: float = 0.0) -> Perturbed:
    """Add noise."""
    mark("cell")
    time.sleep(seconds)
    drawn = rng.all().normal(0.0, sigma, batch.flux.shape)
    return Perturbed(flux=batch.flux + drawn.astype(np.float32))


def crash(batch: Batch, model: nn.Module, rng: Streams, *, how: int = 9) -> Perturbed:
    """Die of a signal, each time."""
    os.kill(os.getpid(), how)
    signal.pause()
    return Perturbed(flux=batch.flux)


def stumble(batch: Batch, model: nn.Module, rng: Streams, *, folder: str) -> Perturbed:
    """Die as often as there are files in a folder; one goes each time."""
    for file in sorted(Path(folder).iterdir())[:1]:
        file.unlink()
        os._exit(3)
    return Perturbed(flux=batch.flux)


def right(clean: Prediction, perturbed: Prediction) -> dict[str, Score]:
    """Measure the fraction that is right."""
    hits = perturbed.logits.argmax(1) == perturbed.labels
    return {"accuracy": Score(float(hits.mean()), better="higher", n=len(hits))}


def crash_there(clean: Prediction, perturbed: Prediction) -> dict[str, Score]:
    """Die of every domain but the first."""
    if not np.array_equal(clean.logits, perturbed.logits):
        os.abort()
    return {"calm": Score(1.0)}
