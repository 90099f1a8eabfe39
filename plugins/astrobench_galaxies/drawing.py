"""Drawing many galaxies on all cores, once: chunks of scenes on disk that any later draw of the same recipe shares.

A chunk is written under a temporary name and renamed when whole, so an interrupted draw goes on where it was and two
processes may draw at once. A scene depends on nothing but its recipe and number, so neither can tell the difference.
"""

from __future__ import annotations

import hashlib
import logging
import os
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from astrobench import cache_folder, in_parallel, need_room, sha256_of

from astrobench_galaxies.arrays import open_npy
from astrobench_galaxies.scenes import Recipe, draw
from astrobench_galaxies.scenes.plane import STAMP
from astrobench_galaxies.seals import is_sound, settle
from astrobench_galaxies.survey import BANDS, survey_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHUNK = 30  # galaxies a file: 3.6 MB, and the three classes come out even
SHAPE = (len(BANDS), STAMP, STAMP)
_SCENE_SOURCES = ("scenes/*.py", "survey.py", "morphology.py")


@dataclass(frozen=True)
class Chunks:
    """Scenes on disk: float32 (CHUNK, C, H, W) a file, e⁻/pixel in one survey year, in order of galaxy number."""

    folder: Path

    def path(self, chunk: int) -> Path:
        """Return where a chunk is kept."""
        return self.folder / f"{chunk:06d}.npy"

    def whole(self, chunk: int) -> bool:
        """Say whether a chunk is there, with the bytes that were drawn."""
        return is_sound(self.path(chunk))

    def scenes(self, numbers: Sequence[int]) -> Iterator[np.ndarray]:
        """Yield the scene of each galaxy, float32 (C, H, W), from read-only maps."""
        opened, scenes = -1, np.empty(0)
        for number in numbers:
            chunk, row = divmod(number, CHUNK)
            if chunk != opened:
                opened, scenes = chunk, open_npy(self.path(chunk))
            yield scenes[row]


def drawn(recipe: Recipe, galaxies: int) -> Chunks:
    """Return the scenes of galaxies 0 to `galaxies` - 1, drawing those chunks that are not there yet."""
    chunks = Chunks(cache_folder("lsst_mock", "scenes", digest(recipe, survey_named(recipe.survey), *_versions())))
    wanted = range(-(-galaxies // CHUNK))
    missing = [chunk for chunk in wanted if not chunks.whole(chunk)]
    need_room(chunks.folder, 4 * CHUNK * int(np.prod(SHAPE)) * len(missing))
    done = (len(wanted) - len(missing)) * CHUNK
    in_parallel(partial(_draw_chunk, recipe, chunks), missing, "drawing galaxies", done, len(wanted) * CHUNK)
    return chunks


def _draw_chunk(recipe: Recipe, chunks: Chunks, chunk: int) -> int:
    if not chunks.whole(chunk):  # another process may have been faster
        galaxies = [draw(recipe, chunk * CHUNK + row) for row in range(CHUNK)]
        _note([chunk * CHUNK + row for row, galaxy in enumerate(galaxies) if not galaxy.agrees])
        scenes = np.stack([galaxy.scene for galaxy in galaxies])
        part = chunks.folder / f".{chunk:06d}.{os.getpid()}.part"
        try:
            with part.open("wb") as file:
                np.save(file, scenes, allow_pickle=False)
            settle(part, chunks.path(chunk), sha256_of(part))
        finally:
            part.unlink(missing_ok=True)
    return CHUNK


def _note(unconfirmed: Sequence[int]) -> None:
    # One in the first 450 of the default recipe. Kept, since dropping the hard ones would change brightness by class.
    if unconfirmed:
        told = "galaxies %s: no try had the Gini and M20 of its class, the nearest is kept"
        logging.getLogger("astrobench").info(told, ", ".join(map(str, unconfirmed)))


def digest(*words: object, sources: Sequence[str] = _SCENE_SOURCES) -> str:
    """Return 16 hexadecimal digits that stand for the words and for the text of this package's sources."""
    sha = hashlib.sha256("\x1f".join(map(str, words)).encode())
    sha.update(_text_of(tuple(sources)))
    return sha.hexdigest()[:16]


@cache
def _text_of(sources: tuple[str, ...]) -> bytes:
    here = Path(__file__).parent
    return b"".join(path.read_bytes() for pattern in sources for path in sorted(here.glob(pattern)))


def _versions() -> tuple[str, ...]:
    # GalSim draws the seeing and NumPy the random numbers: another version may draw other galaxies.
    from importlib.metadata import version

    return tuple(f"{name} {version(name)}" for name in ("numpy", "scipy", "galsim"))
