"""What a training leaves behind: at each kept epoch what the network said, and the weights that a rule may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from astrobench.environment import provenance
from astrobench.keys import key_of
from astrobench.seeds import Streams
from astrobench.stages.bench import inputs_of
from astrobench.stages.checkpoints import drop_checkpoint, kept_at
from astrobench.stages.choosing import all_picks
from astrobench.stages.prepare import text_array
from astrobench.training.keeping import images_told, told
from astrobench.training.selection import kept_epochs
from astrobench.types import Regression, Unlabelled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from torch import nn

    from astrobench.stages.bench import Bench
    from astrobench.training import Run
    from astrobench.training.state import Tensors


def weights_key(training: str, epoch: int) -> str:
    """Return the key of the weights of one epoch of a training."""
    return key_of({"training": training, "epoch": epoch})


def teller(bench: Bench) -> Callable[[nn.Module], Tensors]:
    """Return what is kept of a network: what it says of some images of each part, without their labels.

    The target's test images are told of so that rules can be judged when all is done; no rule reads what is said of
    them. A regression has no rule but the last epoch and source validation, so nothing is kept of it.
    """
    if isinstance(bench.dataset, Regression):
        return lambda model: {}
    shown = {name: inputs_of(bench, part) for name, (part, _) in _samples(bench).items()}
    return lambda model: {name: torch.from_numpy(array) for name, array in told(model, shown).items()}


def keep_all(bench: Bench, run: Run, folder: Path, *, oracle: bool) -> None:
    """Put into the store what each kept epoch said, the weights that any rule picks, and the training itself."""
    store, key = bench.store, bench.job.key
    trained = _result(bench, run, folder, oracle=oracle)
    for epoch in sorted(set(all_picks(store, trained).values())):
        weights = {name: value.numpy() for name, value in kept_at(folder, epoch, "weights").items()}
        store.write("weights", weights_key(key, epoch), {"weights": store.put(weights)}, provenance())
    origin = provenance(str(bench.device), bench.job.threads, run.seconds)
    store.write("trainings", key, trained, {**origin, "dataset": bench.job.dataset_key})
    drop_checkpoint(folder)


def _result(bench: Bench, run: Run, folder: Path, *, oracle: bool) -> dict[str, Any]:
    store, dataset = bench.store, bench.dataset
    trained: dict[str, Any] = {"history": run.history, "oracle": oracle, "source_valid": run.best_epoch}
    trained["epochs"] = sorted({*run.kept, run.best_epoch})
    if isinstance(dataset, Regression):
        return {**trained, "told": [], "images": store.put({})}
    samples = _samples(bench)
    images = {f"{name}/ids": text_array(part.ids) for name, (part, _) in samples.items()}
    images |= {f"{name}/rows": rows.astype(np.int64) for name, (_, rows) in samples.items()}
    images["valid_labels"] = np.asarray(dataset.valid.labels)[samples["valid"][1]]
    said = [kept_at(folder, epoch, "told") for epoch in trained["epochs"]]
    digests = [store.put({name: value.numpy() for name, value in tensors.items()}) for tensors in said]
    return {**trained, "images": store.put(images), "told": digests}


def _samples(bench: Bench) -> dict[str, tuple[Unlabelled, np.ndarray]]:
    """Return part → (its images, their rows), drawn by the dataset alone: the same for every method and seed."""
    job, dataset = bench.job, bench.dataset
    parts: dict[str, Unlabelled] = {"valid": dataset.valid, "target": dataset.target}
    parts |= {f"test {domain}": part for domain, part in dataset.tests.items() if domain != job.source}
    epochs, most = job.training["epochs"], job.training["checkpoints"]
    count = images_told(len(dataset.train.images), epochs, len(kept_epochs(epochs, most)), len(parts))
    samples = {}
    for name, part in parts.items():
        n, stream = len(part.images), Streams(f"{job.dataset_key}/kept/{name}").all()
        rows = np.sort(stream.permutation(n)[: min(n, count)])
        samples[name] = Unlabelled(np.asarray(part.images[rows]), part.ids[rows], part.stretch), rows
    return samples
