"""What is kept in the cache is used only with the bytes that were written: a flipped bit is found, and made again."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
from astrobench import set_aside
from astrobench_galaxies import drawing, exposures, hst_drawing, seals
from astrobench_galaxies.arrays import open_npy, write_npy
from astrobench_galaxies.copies import fitted_once
from astrobench_galaxies.hst_mock import hst_mock
from astrobench_galaxies.lsst_mock import lsst_mock
from astrobench_galaxies.seals import is_sealed, is_sound, seal_of
from astrobench_galaxies.stretch import ArcsinhStretch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from astrobench import Dataset


FLIPS = 500 if os.environ.get("ASTROBENCH_NIGHTLY") else 50


class Quick:
    """A galaxy that takes no time."""

    def __init__(self, recipe: object, number: int) -> None:
        rng = np.random.default_rng(number)
        shape = drawing.SHAPE if hasattr(recipe, "survey") else hst_drawing.SHAPE
        self.scene = rng.random(shape, np.float32)
        self.agrees = True


@pytest.fixture(autouse=True)
def _quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASTROBENCH_CACHE", str(tmp_path))
    monkeypatch.setenv("ASTROBENCH_CORES", "1")
    monkeypatch.setattr(drawing, "draw", Quick)
    monkeypatch.setattr(hst_drawing, "draw", Quick)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let images be 12 pixels wide, so that hashing takes no time."""
    for module in (drawing, exposures, hst_drawing):
        monkeypatch.setattr(module, "SHAPE", (3, 12, 12))


def flip(path: Path, rng: random.Random) -> tuple[int, int]:
    """Flip one bit of a file where it lies, and return which."""
    place, bit = rng.randrange(path.stat().st_size), 1 << rng.randrange(8)
    turn(path, place, bit)
    return place, bit


def turn(path: Path, place: int, bit: int) -> None:
    with path.open("r+b", buffering=0) as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ bit]))


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and ".corrupt" not in str(path))


def small(path: Path) -> Path:
    write_npy(path, (4, 2), iter([np.arange(8, dtype=np.float32).reshape(4, 2)]), "writing")
    return path


def images(dataset: Dataset) -> list[np.ndarray]:
    return [dataset.train.images, dataset.target.images, *(part.images for part in dataset.tests.values())]


def test_a_written_array_is_sealed_with_the_hash_of_its_bytes(tmp_path: Path):
    assert is_sealed(small(tmp_path / "a.npy"))


class Found(Exception):  # noqa: N818
    """A damaged file was noticed; nothing needs to be made again."""


def found(path: Path) -> None:
    if path.exists():
        raise Found(path)


@pytest.mark.parametrize("mock", [lsst_mock, hst_mock])
def test_every_flip_anywhere_in_a_drawn_dataset_is_found(
    mock: Callable[..., Dataset], tmp_path: Path, tiny: None, monkeypatch: pytest.MonkeyPatch
):
    mock(galaxies=40)
    for module in (exposures, seals):
        monkeypatch.setattr(module, "set_aside", found)
    used = [path for path in files(tmp_path) if "scenes" not in path.parts]
    rng, noticed = random.Random(0), 0
    for _ in range(FLIPS):
        path = rng.choice(used)
        which = flip(path, rng)
        with pytest.raises(Found):
            mock(galaxies=40)
        noticed += 1
        turn(path, *which)
    assert noticed == FLIPS
    mock(galaxies=40)


@pytest.mark.parametrize("mock", [lsst_mock, hst_mock])
def test_every_flip_in_drawn_scenes_is_found_before_they_are_observed(
    mock: Callable[..., Dataset], tmp_path: Path, tiny: None, monkeypatch: pytest.MonkeyPatch
):
    mock(galaxies=40)
    monkeypatch.setattr(seals, "set_aside", found)
    rng, noticed = random.Random(0), 0
    chunks = [path for path in files(tmp_path) if path.suffix == ".npy" and "scenes" in path.parts]
    for number in range(FLIPS):
        chunk = rng.choice(chunks)
        path = chunk if number % 2 else seal_of(chunk)
        which = flip(path, rng)
        with pytest.raises(Found):
            drawing.Chunks(chunk.parent).whole(int(chunk.stem))
        noticed += 1
        turn(path, *which)
    assert noticed == FLIPS


@pytest.mark.parametrize("mock", [lsst_mock, hst_mock])
def test_what_is_damaged_is_set_aside_and_made_again_to_the_same_bits(
    mock: Callable[..., Dataset], tmp_path: Path, tiny: None
):
    before = [np.array(image) for image in images(mock(galaxies=40))]
    rng = random.Random(2)
    for path in [path for path in files(tmp_path) if path.suffix == ".npy"]:
        flip(path, rng)
    after = images(mock(galaxies=40))
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    assert len(list(tmp_path.rglob("*.corrupt"))) >= 3
    assert all(is_sealed(path) for path in files(tmp_path) if path.suffix == ".npy" and "images" not in path.parts)


def test_a_file_without_a_seal_is_not_used(tmp_path: Path):
    array = small(tmp_path / "a.npy")
    seal_of(array).unlink()
    assert not is_sound(array)
    assert not array.exists()
    assert (tmp_path / "a.npy.corrupt").exists()


def test_only_the_newest_damage_is_kept(tmp_path: Path):
    for text in ("old", "new"):
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "word").write_text(text)
        set_aside(tmp_path / "folder")
    set_aside(tmp_path / "folder")
    assert [path.read_text() for path in tmp_path.rglob("word")] == ["new"]


def test_what_was_fitted_is_sealed_too(tmp_path: Path):
    array = open_npy(small(tmp_path / "a.npy"))
    fitted = fitted_once(ArcsinhStretch, array)
    kept = next(tmp_path.glob("*.json"))
    flip(kept, random.Random(0))
    assert fitted_once(ArcsinhStretch, array) == fitted
    assert is_sealed(kept)
