"""The observed images of an observing programme, on disk: one array a set, made once, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from astrobench import (
    DataError,
    cache_folder,
    cannot_keep,
    cannot_read,
    cores,
    in_parallel,
    need_room,
    set_aside,
    sha256_of,
)
from numpy.lib.format import open_memmap

from astrobench_galaxies.arrays import open_npy
from astrobench_galaxies.drawing import SHAPE, Chunks, digest
from astrobench_galaxies.observe import expose, noise_stream
from astrobench_galaxies.seals import is_sealed, seal
from astrobench_galaxies.stretch import ArcsinhStretch
from astrobench_galaxies.survey import survey_named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from astrobench_galaxies.scenes import Recipe

SETS = ("train", "valid", "target", "test_source", "test_target")
TESTS = ("test_source", "test_target")
MANIFEST = "manifest.json"  # written last, and sealed: a folder without it is not whole
_ROWS = 60  # images a task
_ABANDONED = 86400.0  # seconds
_SOURCES = (
    *("scenes/*.py", "survey.py", "morphology.py", "observe.py", "photons.py", "hats.py"),
    *("exposures.py", "stretch.py", "percentiles.py"),
)


@dataclass(frozen=True)
class Programme:
    """Which galaxies are observed for how long. members: numbers of the galaxies of train, target, valid and test."""

    recipe: Recipe
    source_years: float
    target_years: float
    members: Mapping[str, tuple[int, ...]]

    def numbers(self, which: str) -> tuple[int, ...]:
        """Return the galaxies of a set, in order."""
        return self.members["test" if which in TESTS else which]

    def years(self, which: str) -> float:
        """Return the exposure of a set in survey years."""
        return self.target_years if which in ("target", "test_target") else self.source_years

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shape of each array: images of every set, and noiseless scenes of the test sets."""
        images: dict[str, tuple[int, ...]] = {which: (len(self.numbers(which)), *SHAPE) for which in SETS}
        return images | {f"scene_{which}": images[which] for which in TESTS}


@dataclass(frozen=True)
class Exposures:
    """A whole folder of observed images."""

    folder: Path
    limits: Mapping[str, tuple[float, float]]

    def images(self, which: str) -> np.ndarray:
        """Return float32 (N, C, H, W), read-only: images of a set in e⁻/year, or "scene_…" of a test set in e⁻."""
        return open_npy(self.folder / f"{which}.npy")

    def stretch(self, which: str) -> ArcsinhStretch:
        """Return the stretch fitted on a set."""
        return ArcsinhStretch(*self.limits[which])


def exposed(programme: Programme, draw_scenes: Callable[[], Chunks]) -> Exposures:
    """Return the images of a programme, observing them (and drawing their scenes) if that was never done.

    Raises DataError where the cache cannot be written or has no room.
    """
    root = cache_folder("lsst_mock", "images")
    folder = root / digest(programme, survey_named(programme.recipe.survey), np.__version__, sources=_SOURCES)
    ready = _opened(folder, programme)
    if ready is not None:
        return ready
    set_aside(folder)
    part = root / f".{folder.name}.{os.getpid()}.part"
    _sweep(root)
    try:
        _fill(part, programme, draw_scenes())
        _settle(part, folder, programme)
    except OSError as fault:
        raise cannot_keep("the drawn galaxies", root, fault) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    ready = _opened(folder, programme)
    if ready is None:
        raise DataError(f"{folder} is not whole although it was just written; delete it and draw again")
    return ready


def _sweep(root: Path) -> None:
    # A killed process leaves its part behind. The day spares a process on another machine that shares the cache.
    for part in root.glob(".*.part"):
        if time.time() - part.stat().st_mtime > _ABANDONED and not _runs(int(part.name.split(".")[-2])):
            shutil.rmtree(part, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _opened(folder: Path, programme: Programme) -> Exposures | None:
    if not is_sealed(folder / MANIFEST):
        return None
    manifest = json.loads((folder / MANIFEST).read_text(encoding="ascii"))
    try:
        sound = _digests(folder, programme) == manifest["sha256"]
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise cannot_read(folder, fault) from None
    limits = {which: (low, high) for which, (low, high) in manifest["limits"].items()}
    return Exposures(folder, limits) if sound else None


def _digests(folder: Path, programme: Programme) -> dict[str, str]:
    """Return the SHA-256 of every array. Hashing lets go of the interpreter, so threads share the cores."""
    names = list(programme.shapes())
    with ThreadPoolExecutor(cores()) as pool:
        return dict(zip(names, pool.map(lambda name: sha256_of(folder / f"{name}.npy"), names), strict=True))


def _settle(part: Path, folder: Path, programme: Programme) -> None:
    # Another process may have settled the same images first; then theirs are as good as ours, if they are sound.
    for _ in range(2):
        try:
            part.rename(folder)
        except OSError:
            if _opened(folder, programme) is not None:
                return
            set_aside(folder)
        else:
            return


def _fill(part: Path, programme: Programme, chunks: Chunks) -> None:
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    need_room(part, 4 * sum(int(np.prod(shape)) for shape in programme.shapes().values()))
    for name, shape in programme.shapes().items():
        open_memmap(part / f"{name}.npy", "w+", np.float32, shape)
    tasks = [(which, start) for which in SETS for start in range(0, len(programme.numbers(which)), _ROWS)]
    total = sum(len(programme.numbers(which)) for which in SETS)
    in_parallel(partial(_observe, part, programme, chunks), tasks, "observing galaxies", 0, total)
    fits = {which: ArcsinhStretch.fit(open_npy(part / f"{which}.npy")) for which in SETS}
    limits = {which: (fit.low, fit.high) for which, fit in fits.items()}
    manifest = {"limits": limits, "sha256": _digests(part, programme)}
    (part / MANIFEST).write_text(json.dumps(manifest), encoding="ascii")
    seal(part / MANIFEST, sha256_of(part / MANIFEST))


def _observe(part: Path, programme: Programme, chunks: Chunks, task: tuple[str, int]) -> int:
    which, start = task
    recipe, years = programme.recipe, programme.years(which)
    numbers = programme.numbers(which)[start : start + _ROWS]
    sky = survey_named(recipe.survey).sky(1.0)
    rows = slice(start, start + len(numbers))
    scenes = np.stack(list(chunks.scenes(numbers)))
    images = [
        expose(scene, sky, years, noise_stream(recipe.seed, number, years)) / np.float32(years)
        for scene, number in zip(scenes, numbers, strict=True)
    ]
    open_memmap(part / f"{which}.npy", "r+")[rows] = np.stack(images)
    if which in TESTS:
        open_memmap(part / f"scene_{which}.npy", "r+")[rows] = scenes * np.float32(years)
    return len(numbers)
