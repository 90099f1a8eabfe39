"""Drawing many galaxies of `hst_mock` on all cores, once, and observing sets of them: arrays on disk that all share.

Chunks of pristine scenes are written under a temporary name and renamed when whole, so an interrupted draw goes on
where it was. A set (some galaxies in one domain) is one array, named by all that decides it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from astrobench import Streams, cache_folder, in_parallel, need_room, sha256_of

from astrobench_galaxies.arrays import open_npy, write_npy
from astrobench_galaxies.drawing import digest
from astrobench_galaxies.hst_scenes import Recipe, draw
from astrobench_galaxies.hst_survey import BANDS, FILTERS, STAMP
from astrobench_galaxies.seals import is_sound, settle

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

CHUNK = 40  # galaxies a file: 2.7 MB, and the two classes come out even
SHAPE = (len(BANDS), STAMP, STAMP)
_SOURCES = ("hst_scenes/*.py", "scenes/*.py", "hst_survey.py", "hst_drawing.py")


@dataclass(frozen=True)
class Scenes:
    """Pristine galaxies on disk: float32 (CHUNK, C, 75, 75) a file, nJy, in order of galaxy number."""

    recipe: Recipe
    folder: Path

    def path(self, chunk: int) -> Path:
        """Return where a chunk is kept."""
        return self.folder / f"{chunk:06d}.npy"

    def whole(self, chunk: int) -> bool:
        """Say whether a chunk is there, with the bytes that were drawn."""
        return is_sound(self.path(chunk))

    def draw(self, numbers: Sequence[int]) -> None:
        """Draw the chunks of these galaxies that are not there yet, on all cores."""
        wanted = sorted({number // CHUNK for number in numbers})
        missing = [chunk for chunk in wanted if not self.whole(chunk)]
        if not missing:
            return
        need_room(self.folder, 4 * CHUNK * int(np.prod(SHAPE)) * len(missing))
        done = (len(wanted) - len(missing)) * CHUNK
        in_parallel(partial(_draw_chunk, self), missing, "drawing galaxies", done, len(wanted) * CHUNK)

    def observed(self, numbers: Sequence[int], noise: float) -> np.ndarray:
        """Map float32 (N, C, 75, 75), nJy: these galaxies with `noise` times the sky's noise, made on first use."""
        name = digest(self.folder.name, noise, tuple(numbers), sources=_SOURCES)
        path = cache_folder("hst_mock", "sets") / f"{name}.npy"
        shape = (len(numbers), *SHAPE)
        if not is_sound(path):
            self.draw(numbers)
            write_npy(path, shape, self._images(numbers, noise), "observing galaxies")
        return open_npy(path)

    def _images(self, numbers: Sequence[int], noise: float) -> Iterator[np.ndarray]:
        opened, scenes = -1, np.empty(0)
        for number in numbers:
            chunk, row = divmod(number, CHUNK)
            if chunk != opened:
                opened, scenes = chunk, open_npy(self.path(chunk))
            yield (scenes[row] + sky(self.recipe.seed, number, noise))[None]


def scenes_of(recipe: Recipe) -> Scenes:
    """Return where the galaxies of a recipe are kept, whether they are drawn or not."""
    return Scenes(recipe, cache_folder("hst_mock", "scenes", digest(recipe, *_versions(), sources=_SOURCES)))


def sky(seed: int, number: int, noise: float) -> np.ndarray:
    """Return one galaxy's sky noise, float32 (C, 75, 75), nJy: Gaussian, `noise` times each filter's sigma."""
    if noise == 0:
        return np.zeros(SHAPE, np.float32)
    rng = Streams(f"hst_mock noise {seed}").of(number)
    sigma = np.array([band.noise * noise for band in FILTERS], np.float32)
    return np.asarray(rng.standard_normal(SHAPE, np.float32) * sigma[:, None, None])


def _draw_chunk(scenes: Scenes, chunk: int) -> int:
    if not scenes.whole(chunk):  # another process may have been faster
        drawn = np.stack([draw(scenes.recipe, chunk * CHUNK + row).scene for row in range(CHUNK)])
        part = scenes.folder / f".{chunk:06d}.{os.getpid()}.part"
        try:
            with part.open("wb") as file:
                np.save(file, drawn, allow_pickle=False)
            settle(part, scenes.path(chunk), sha256_of(part))
        finally:
            part.unlink(missing_ok=True)
    return CHUNK


def _versions() -> tuple[str, ...]:
    # GalSim draws the optics and NumPy the random numbers: another version may draw other galaxies.
    from importlib.metadata import version

    return tuple(f"{name} {version(name)}" for name in ("numpy", "scipy", "galsim"))
