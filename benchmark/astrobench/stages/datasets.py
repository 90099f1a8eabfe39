"""Opening a dataset, checking all that can be checked before training, and cutting it to a limit."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from astrobench.contents import contents
from astrobench.errors import DataError, PluginError, did_you_mean
from astrobench.registry import Registry
from astrobench.stages.readonly import read_only_dataset, stretched
from astrobench.types import Dataset, Labelled, Observation, Regression, Unlabelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from astrobench.choices import Choice

NEEDED = "a source and a target are needed"


def registry_of(*choices: Choice) -> Registry:
    """Return the plugins of the distributions that these choices come from: no code of any other is imported."""
    return Registry.load(only={choice.origin.rpartition(" ")[0] for choice in choices})


def plugin_of(registry: Registry, choice: Choice) -> Callable[..., Any]:
    """Return the callable behind a choice. Raises PluginError when its source is not the one that was planned."""
    plugin = registry.get(choice.kind, choice.plugin)
    if plugin.digest != choice.digest:
        raise PluginError(f"{choice.kind} {choice.plugin!r} changed since the plan was made: plan and run again")
    resolved: Callable[..., Any] = plugin.resolve()
    return resolved


def open_dataset(registry: Registry, choice: Choice) -> Dataset:
    """Call a dataset plugin with its parameters.

    Raises DataError when it returns something else, or its files are not those that the plan knows: its numbers would
    stand under the key of others.
    """
    dataset = plugin_of(registry, choice)(**choice.params)
    if not isinstance(dataset, Dataset):
        raise DataError(f"dataset {choice.plugin!r} returned {type(dataset).__name__}, expected astrobench.Dataset")
    for name, value in choice.files.items():
        if contents(value) != choice.content[name]:
            raise DataError(f"{name} = {value!r} changed since the plan was made: plan and run again")
    return read_only_dataset(dataset)


def check_dataset(dataset: Dataset, name: str, domains: Sequence[str], batch_size: int) -> None:
    """Refuse what training could not use: one sentence with the split, the value and the remedy."""
    if dataset.target is None:
        raise DataError(f"dataset {name!r} has no unlabelled target images: bring some, for a method to adapt to")
    if len(dataset.tests) == 1:
        raise DataError(f"dataset {name!r} has one domain only, {next(iter(dataset.tests))!r}: {NEEDED}")
    if isinstance(dataset, Regression):
        _check_ranges(name, dataset)
    missing = [domain for domain in domains if domain not in dataset.tests]
    if missing:
        raise DataError(f"dataset {name!r} has no test domain {missing[0]!r}{did_you_mean(missing[0], dataset.tests)}")
    _check_source(name, dataset)
    for split, part in _parts(dataset):
        _check_images(f"{name} {split}", part)
        stretched(part, slice(0, 2), name)
        if isinstance(part, Labelled) and len(part.labels) != len(part.images):
            counts = f"{len(part.labels)} labels for {len(part.images)} images"
            raise DataError(f"{name} {split} has {counts}; bring one an image")
        if isinstance(part, Labelled) and isinstance(dataset, Regression):
            _check_targets(f"{name} {split}", part.labels, dataset, known=not split.startswith("test "))
        elif isinstance(part, Labelled):
            _check_labels(f"{name} {split}", part.labels, len(dataset.classes))
        if isinstance(part, Labelled):
            _check_agreement(f"{name} {split}", part)
    _check_shapes(name, dataset)
    _check_scale(name, dataset.pixel_scale)
    if not isinstance(dataset, Regression) and len(np.unique(dataset.train.labels)) < 2:
        raise DataError(f"dataset {name!r} has one class only in its training set: nothing can be learned from it")
    for split, part in (("train", dataset.train), ("target", dataset.target)):
        if len(part.images) < batch_size:
            raise DataError(
                f"dataset {name!r} has {len(part.images)} {split} images, fewer than training.batch_size ="
                f" {batch_size}; lower it, or bring more images"
            )


def limited(dataset: Dataset, limit: int | None) -> Dataset:
    """Keep at most `limit` images of each split, evenly spaced over it, so that every class stays."""
    if limit is None:
        return dataset
    tests = {domain: _some(part, limit) for domain, part in dataset.tests.items()}
    oracle = dataset.oracle
    some = replace(
        dataset,
        train=_some(dataset.train, limit),
        valid=_some(dataset.valid, limit),
        target=_some(dataset.target, limit),
        tests=tests,
        oracle=None if oracle is None else lambda: _some(oracle(), limit),
    )
    return read_only_dataset(some)


def rows_kept(n: int, limit: int | None) -> np.ndarray:
    """Return which of n images a limit keeps, int64 (M,) in order."""
    if limit is None or n <= limit:
        return np.arange(n)
    return np.unique(np.linspace(0, n - 1, limit).round().astype(np.int64))


def _some(part: Any, limit: int) -> Any:
    rows = rows_kept(len(part.images), limit)
    if len(rows) == len(part.images):
        return part
    changed: dict[str, Any] = {"images": part.images[rows], "ids": part.ids[rows]}
    if part.objects is not None:
        changed["objects"] = part.objects[rows]
    if isinstance(part, Labelled):
        changed["labels"] = part.labels[rows]
    if isinstance(part.observation, Observation) and part.observation.scene is not None:
        changed["observation"] = replace(part.observation, scene=part.observation.scene[rows])
    return replace(part, **changed)


def _parts(dataset: Dataset) -> Iterator[tuple[str, Unlabelled]]:
    yield "train", dataset.train
    yield "valid", dataset.valid
    yield "target", dataset.target
    yield from ((f"test {domain}", part) for domain, part in dataset.tests.items())


def _check_source(name: str, dataset: Dataset) -> None:
    """Refuse a source without labels. Any other domain may go without: it is predicted, and not scored."""
    parts = {"train": dataset.train, "valid": dataset.valid, "test": dataset.tests[dataset.source]}
    for split, part in parts.items():
        if not isinstance(part, Labelled):
            raise DataError(
                f"dataset {name!r} has no labels of its source {dataset.source!r} ({split}): a method learns from the"
                " labels of the source; bring them, or take a labelled domain for the source"
            )


def _check_images(where: str, part: Unlabelled) -> None:
    images = part.images
    if images.ndim != 4 or images.dtype != np.float32:
        raise DataError(f"{where} has images {images.dtype} {images.shape}, expected float32 (N, C, H, W)")
    if len(images) == 0:
        raise DataError(f"{where} has no images")
    if len(part.ids) != len(images):
        raise DataError(f"{where} has {len(part.ids)} ids for {len(images)} images")
    if part.objects is not None and len(part.objects) != len(images):
        raise DataError(f"{where} has {len(part.objects)} objects for {len(images)} images, want one an image")
    for start in range(0, len(images), 256):
        sound = np.isfinite(images[start : start + 256]).all(axis=(1, 2, 3))
        if not sound.all():
            bad = part.ids[start + int(np.argmin(sound))]
            raise DataError(f"{where} has NaN or infinite pixels in image {str(bad)!r}: mask or drop it")


def _check_labels(where: str, labels: np.ndarray, classes: int) -> None:
    if labels.dtype != np.int64 or labels.ndim != 1:
        raise DataError(f"{where} has labels {labels.dtype} {labels.shape}, expected int64 (N,)")
    wrong = (labels < 0) | (labels >= classes)
    if wrong.any():
        raise DataError(f"{where} has label {int(labels[wrong][0])}, expected 0 … {classes - 1} for {classes} classes")


def _check_agreement(where: str, part: Labelled) -> None:
    """Refuse an id whose images differ in what is known of their labels: an id names one object."""
    names, owner, counts = np.unique(part.ids, return_inverse=True, return_counts=True)
    labels = part.labels.reshape(len(part.labels), -1)
    first = np.full((len(names), labels.shape[1]), np.nan)
    several = np.flatnonzero(counts[owner] > 1)
    for row in several:
        known = first[owner[row]]
        if (known != labels[row])[~np.isnan(known) & ~np.isnan(labels[row])].any():
            rows = several[owner[several] == owner[row]].tolist()
            told = ", ".join(map(str, rows[:10])) + (" …" if len(rows) > 10 else "")
            raise DataError(
                f"{where} has id {str(names[owner[row]])!r} at images {told} with different labels: an id names one"
                " object; mend the labels, or give each object an id of its own"
            )
        first[owner[row]] = np.where(np.isnan(known), labels[row], known)


def _check_targets(where: str, labels: np.ndarray, dataset: Regression, *, known: bool) -> None:
    """known: whether a NaN is refused; of a test image a target may be unknown."""
    names = dataset.classes
    if labels.dtype != np.float32 or labels.shape[1:] != (len(names),):
        raise DataError(f"{where} has labels {labels.dtype} {labels.shape}, expected float32 (N, {len(names)})")
    wrong = ~np.isfinite(labels) if known else np.isinf(labels)
    for name, column, bad in zip(names, labels.T, wrong.T, strict=True):
        if bad.any():
            raise DataError(f"{where} has {name} = {column[bad][0]}, expected a number")
        if where.endswith(" train") and np.ptp(column) == 0:
            raise DataError(f"{where} has {name} = {column[0]:g} only: nothing can be learned from it")


def _check_ranges(name: str, dataset: Regression) -> None:
    if len(dataset.ranges) != len(dataset.classes) or not all(low < high for low, high in dataset.ranges):
        raise DataError(f"dataset {name!r} has ranges {dataset.ranges}, expected low < high for each target")


def _check_scale(name: str, scale: float | None) -> None:
    if scale is not None and not 0 < scale < math.inf:
        raise DataError(
            f"dataset {name!r} has pixel_scale {scale}, expected arcsec above 0, or None where it is unknown"
        )


def _check_shapes(name: str, dataset: Dataset) -> None:
    first = dataset.train.images.shape[1:]
    for split, part in _parts(dataset):
        if part.images.shape[1:] != first:
            raise DataError(f"dataset {name!r}: {split} images are {part.images.shape[1:]}, train images are {first}")
