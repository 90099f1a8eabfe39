"""A tiny dataset and network that are trained through the engine's own stages, in a tenth of a second."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from astrobench.adaptation import Method
from astrobench.choices import Choice
from astrobench.conformance.seeding import seeded, steadily
from astrobench.plan import Job
from astrobench.registry import Plugin, Registry
from astrobench.stages.bench import Bench
from astrobench.stages.weights import trained_model
from astrobench.store import Store
from astrobench.suite import Training
from astrobench.types import Dataset, Labelled, Output, Unlabelled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OWN = ("convolution", "norm", "bottleneck")
"""The layers that the network names as its own; others are passed through where a method asks for them by name."""
IMAGES, SIDE, BANDS, CLASSES = 54, 12, ("g", "r", "i"), ("round", "flat", "bright")
RULES = Training(epochs=2, batch_size=18, learning_rate=1e-2, schedule="constant")


class Network(nn.Module):
    """One convolution with batch norm, a latent of 8 features, a head; and any layer that is asked for by name."""

    def __init__(self, outputs: int, layers: Sequence[str]) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(len(BANDS), 6, 3, stride=2, padding=1)
        self.norm, self.pool = nn.BatchNorm2d(6), nn.AdaptiveAvgPool2d(2)
        self.bottleneck, self.head = nn.Linear(24, 8), nn.Linear(8, outputs)
        self.layers = OWN
        own = {"*", *(word for name, part in self.named_modules() for word in (name, type(part).__name__))}
        self.passed = tuple(name for name in layers if name not in own)
        for name in self.passed:
            _place(self, name)

    def forward(self, images: torch.Tensor) -> Output:
        """Return latent float32 (B, 8) and logits float32 (B, K) of images float32 (B, 3, H, W)."""
        seen = self.norm(self.convolution(images)).relu()
        for name in self.passed:
            seen = self.get_submodule(name)(seen)
        latent = self.bottleneck(self.pool(seen).flatten(1))
        return Output(latent, self.head(latent))


def tiny(shape: tuple[int, int, int], outputs: int, layers: str) -> Network:
    """Build a tiny network that has these layers, named with commas between them."""
    return Network(outputs, layers.split(","))


class Plain(Method):
    """The task alone; target images, if shown, only pass through batch norm."""

    def __init__(self, *, uses_target: bool) -> None:
        super().__init__()
        self.uses_target = uses_target


def plain(features: int, outputs: int, *, target: bool = False) -> Plain:
    """Train on labelled source images alone, with or without target images in the batches."""
    return Plain(uses_target=target)


TINY = Plugin("architectures", "tiny:", tiny, "astrobench", "", "conformance")
PLAIN = Plugin("methods", "plain", plain, "astrobench", "", "conformance")


def weights_of(method: Plugin, params: Mapping[str, Any], layers: Sequence[str], dataset: Dataset) -> dict[str, Any]:
    """Return the network's state after a training with a method, as the engine selects and stores it."""
    registry = Registry.of_plugins([method, TINY])
    names = ",".join((*OWN, *layers))
    architecture = _choice(registry.get("architectures", f"tiny:{names}"), {})
    data = Choice("datasets", "tiny", "tiny", {}, {}, "astrobench", "")
    rules = RULES.model_dump(mode="json")
    job = Job("0" * 64, data, "tiny", "source", architecture, _choice(method, params), rules, 0, None, 1, "cpu")
    with TemporaryDirectory() as folder, seeded(0), steadily():
        bench = Bench(Store(Path(folder)), registry, job, dataset, torch.device("cpu"))
        return {name: value.clone() for name, value in trained_model(bench).state_dict().items()}


def dataset(*, permuted: bool = False) -> Dataset:
    """Return three classes of blobs, the same objects in both domains, fainter and noisier in the target.

    permuted: every target label is a wrong one.
    """
    train = _part(0)
    target = replace(_part(2, shift=True), ids=train.ids)
    if permuted:
        target = replace(target, labels=(target.labels + 1) % len(CLASSES))
    return Dataset(
        train=train, valid=_part(1), target=Unlabelled(target.images, target.ids, target.stretch),
        tests={"source": _part(1), "target": target}, oracle=lambda: target, unit="e-", pixel_scale=0.2, bands=BANDS,
        classes=CLASSES, licence="CC0-1.0", citation="made up for checks", synthetic=True,
    )  # fmt: skip


def _choice(plugin: Plugin, params: Mapping[str, Any]) -> Choice:
    told = plugin.complete(params)
    return Choice(plugin.kind, plugin.name, plugin.name, told, told, plugin.origin, plugin.digest)


def _part(seed: int, *, shift: bool = False) -> Labelled:
    stream = np.random.default_rng(seed)
    labels = np.arange(IMAGES, dtype=np.int64) % len(CLASSES)
    across = (np.arange(SIDE) - SIDE / 2 + 0.5) / 3
    width = np.array([1.0, 2.5, 1.0])[labels][:, None, None]
    blobs = np.exp(-(across[None, :, None] ** 2) - (across[None, None, :] / width) ** 2)
    bright = (np.array([1.0, 1.0, 2.5])[labels] * (0.6 if shift else 1.0))[:, None, None, None]
    noise = stream.normal(0, 0.4 if shift else 0.2, (IMAGES, len(BANDS), SIDE, SIDE))
    ids = np.array([f"{seed}-{number}" for number in range(IMAGES)])
    return Labelled((bright * blobs[:, None] + noise).astype(np.float32), ids, np.asarray, labels=labels)


def _place(model: nn.Module, path: str) -> None:
    """Put a layer that changes nothing at a dotted path."""
    *way, last = path.split(".")
    for name in way:
        if not hasattr(model, name):
            model.add_module(name, nn.Module())
        model = model.get_submodule(name)
    model.add_module(last, nn.Identity())
