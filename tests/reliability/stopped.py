"""Real trainings of installed networks and methods that end after every epoch and go on from their checkpoint."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from astrobench.choices import Choice, choices
from astrobench.conformance import tiny
from astrobench.conformance.seeding import steadily
from astrobench.plan import Job
from astrobench.stages import weights
from astrobench.stages.bench import Bench
from astrobench.stages.checkpoints import checkpoint_in
from astrobench.store import Store
from astrobench.suite import Training, Use
from safetensors.torch import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from astrobench.registry import Registry
    from astrobench.training import Checkpoint, Run
    from astrobench.training.state import Tensors
    from astrobench.types import Dataset

RULES: dict[str, Any] = {"epochs": 3, "batch_size": 18, "learning_rate": 0.01, "checkpoints": 2}
SIDE = 16
"""Pixels that every network can take."""


class StoppedError(Exception):
    """The end of a process: nothing that it held in memory is left."""


@dataclass(frozen=True)
class Ended:
    """What a training leaves in its folder of checkpoints. files: name → its header, but for the seconds, and its
    tensors: of the last epoch all that the next one would need, of others what rules can pick. lives: how many
    processes it took.
    """

    files: dict[str, tuple[dict[str, Any], Tensors]]
    lives: int

    @property
    def history(self) -> list[dict[str, float]]:
        """What was measured after each epoch."""
        return self.files["last"][0]["run"]["history"]


def assert_same(stopped: Ended, whole: Ended) -> None:
    """Assert that both trainings are one, bit for bit, though the first took a process for each epoch."""
    assert stopped.history == whole.history
    assert stopped.files.keys() == whole.files.keys()
    for name, (head, tensors) in whole.files.items():
        found, others = stopped.files[name]
        assert tensors.keys() == others.keys()
        assert [key for key, value in tensors.items() if not torch.equal(value, others[key])] == []
        assert found == head
    assert (stopped.lives, whole.lives) == (len(whole.history), 1)


def ended(registry: Registry, folder: Path, job: Job, *, stopping: bool) -> Ended:
    """Train through the engine's stages until the last epoch is in its file. stopping: a process ends with each."""
    path, epochs, lives = folder / "checkpoints" / job.key, job.training["epochs"], 0
    with steadily(), stopped_after(1 if stopping else epochs):
        while not (path / "last").exists() or _opened(path / "last")[0]["run"]["epoch"] < epochs:
            lives += 1
            with suppress(StoppedError):
                weights.trained_model(bench(registry, folder, job))
    return Ended({file.name: _opened(file) for file in path.iterdir()}, lives)


@contextmanager
def stopped_after(epochs: int) -> Iterator[None]:
    """End each process, inside the block, once it has written so many of the engine's own checkpoints."""

    def opened(path: Path, device: torch.device, tell: Callable[[Any], Tensors]) -> Checkpoint:
        real, saved = checkpoint_in(path, device, tell), []

        def save(run: Run, tensors: Tensors) -> None:
            real.save(run, tensors)
            saved.append(run.epoch)
            if len(saved) == epochs:
                raise StoppedError

        return replace(real, save=save)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weights, "checkpoint_in", opened)
        yield


def bench(registry: Registry, folder: Path, job: Job) -> Bench:
    """Return what a new process makes of a training."""
    return Bench(Store(folder), registry, job, dataset(), torch.device("cpu"))


def job_of(
    registry: Registry, architecture: str, method: str, params: dict[str, Any] | None = None, **rules: Any
) -> Job:
    """Return a training. params: of the method. rules: other than RULES."""
    (network,) = choices(registry, "architectures", (Use(plugin=architecture, label=architecture),))
    (adaptation,) = choices(registry, "methods", (Use(plugin=method, label=method, params=params or {}),))
    data = Choice("datasets", "tiny", "tiny", {}, {}, "astrobench", "")
    settings = Training(**{**RULES, **rules}).model_dump(mode="json")
    return Job("0" * 64, data, "tiny", "source", network, adaptation, settings, 0, None, 1, "cpu")


@cache
def dataset() -> Dataset:
    """Return the objects of the conformance checks, in three bands and with an edge of sky.

    With one band, the weights of a first convolution lie in memory alike in either order of their axes.
    """
    drawn = tiny.dataset()
    oracle = _wider(drawn.tests["target"])
    return replace(
        drawn, train=_wider(drawn.train), valid=_wider(drawn.valid), target=_wider(drawn.target),
        tests={name: _wider(part) for name, part in drawn.tests.items()}, oracle=lambda: oracle,
    )  # fmt: skip


def _wider(part: Any) -> Any:
    edge = (SIDE - tiny.SIDE) // 2
    return replace(part, images=np.pad(part.images, ((0, 0), (0, 0), (edge, edge), (edge, edge))))


def _opened(path: Path) -> tuple[dict[str, Any], Tensors]:
    _, line, data = path.read_bytes().split(b"\n", 2)
    head = json.loads(line)
    head.get("run", {}).pop("seconds", None)
    return head, load(data)
