"""From files of two suites to a dataset: split by simulation, learned on one, tested on both."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from astrobench import DataError, Labelled, Regression, Unlabelled, cache_folder, cannot_keep, need_room, report
from numpy.lib.format import open_memmap

from astrobench_cosmology.cache import file_digest, read_copy
from astrobench_cosmology.cmd_files import MAPS, PARAMETERS, RANGES, UNITS, Maps
from astrobench_cosmology.pixels import fitted, pixel_moments

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from astrobench_cosmology.pixels import LogScale


@dataclass(frozen=True, eq=False)
class Suite:
    """One suite: the maps that are learned from, those that are tested on, and which simulations of each.

    simulations: split → int64 (n,) numbers of simulations: train and valid of `learned`, test of `tested`.
    """

    learned: Maps
    tested: Maps
    simulations: Mapping[str, np.ndarray]

    def scale(self) -> LogScale:
        """Return the scale of its own training maps."""
        return fitted(self.learned, rows_of(self.simulations["train"]))

    def part(self, split: str, targets: tuple[str, ...], stretch: LogScale) -> Labelled:
        """Return the maps of a split with the true values of the targets, float32 (N, P)."""
        maps = self.tested if split == "test" else self.learned
        numbers = self.simulations[split]
        columns = [PARAMETERS.index(target) for target in targets]
        names = np.repeat(np.array(maps.names())[numbers], MAPS)
        return Labelled(
            images_of(maps, rows_of(numbers)),
            np.array([f"{name}/{row % MAPS:02d}" for row, name in enumerate(names)]),
            stretch,
            objects=names,
            labels=np.repeat(maps.parameters[numbers][:, columns], MAPS, axis=0).astype(np.float32),
        )


def dataset_of(
    source: Suite,
    target: Suite,
    domains: tuple[str, str],
    targets: tuple[str, ...],
    normalisation: Literal["source", "own"],
    told: Mapping[str, str],
    *,
    synthetic: bool,
) -> Regression:
    """Return the dataset that learns `targets` from the source suite. told: licence and citation.

    Raises DataError for maps of two sizes, or pixels whose logarithm does not exist.
    """
    for maps in (source.tested, target.learned, target.tested):
        pixel_moments(maps)  # the pixels of every file are looked at, also where another file sets the scale
        if maps.open().shape[1] != source.learned.open().shape[1]:
            sides = maps.open().shape[1], source.learned.open().shape[1]
            raise DataError(f"{maps.path} has maps of {sides[0]} pixels, {source.learned.path.name} of {sides[1]}")
    scale = source.scale()
    other = target.scale() if normalisation == "own" else scale
    shown = target.part("train", targets, other)
    return Regression(
        train=source.part("train", targets, scale),
        valid=source.part("valid", targets, scale),
        target=Unlabelled(shown.images, shown.ids, shown.stretch, objects=shown.objects),
        tests={
            domains[0]: source.part("test", targets, scale),
            domains[1]: _cosmology_alone(target.part("test", targets, other), targets),
        },
        unit=UNITS[source.learned.field],
        pixel_scale=None,
        bands=(source.learned.field,),
        classes=targets,
        ranges=tuple(RANGES[name] for name in targets),
        licence=told["licence"],
        citation=told["citation"],
        synthetic=synthetic,
        oracle=lambda: target.part("train", targets, other),
    )


def rows_of(simulations: np.ndarray) -> np.ndarray:
    """Return the maps of simulations, int64 (15·n,): map m shows simulation m // 15."""
    return np.asarray((simulations[:, None] * MAPS + np.arange(MAPS)).ravel())


def images_of(maps: Maps, rows: np.ndarray) -> np.ndarray:
    """Return some maps of a file as float32 (n, 1, H, H), read-only and memory-mapped.

    Rows that follow one another are a view of the file; others are copied once into the cache.
    """
    images = maps.open()
    if np.array_equal(rows, np.arange(rows[0], rows[0] + len(rows))):
        return images[rows[0] : rows[0] + len(rows), None]
    path = cache_folder("camels") / f"{maps.path.stem}-{file_digest(maps.path, 'rows', rows.tolist())}.npy"
    if not path.is_file():
        _copy(images, rows, path)
    return read_copy(path)[:, None]


def _copy(images: np.ndarray, rows: np.ndarray, path: Path) -> None:
    need_room(path.parent, 4 * len(rows) * images[0].size)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        copy = open_memmap(part, "w+", np.float32, (len(rows), *images.shape[1:]))
        for start in range(0, len(rows), MAPS):
            copy[start : start + MAPS] = images[rows[start : start + MAPS]]
            report("copying maps", start + MAPS, len(rows))
        copy.flush()
        part.replace(path)
    except OSError as fault:
        raise cannot_keep("a copy of the maps", path.parent, fault) from None
    finally:
        part.unlink(missing_ok=True)


def _cosmology_alone(part: Labelled, targets: tuple[str, ...]) -> Labelled:
    """Make unknown what two suites call by one name and mean differently: all but Omega_m and sigma_8."""
    part.labels[:, [target not in PARAMETERS[:2] for target in targets]] = np.nan
    return part
