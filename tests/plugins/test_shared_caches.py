"""A cache that others made: used where it can be read, refused in one line with the remedy where it cannot."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astrobench import DataError, cache_folder
from astrobench_cosmology.camels import camels
from astrobench_cosmology.camels_mock import camels_mock
from astrobench_galaxies import drawing, exposures, hst_drawing
from astrobench_galaxies.deepadversaries import deepadversaries
from astrobench_galaxies.deepmerge import deepmerge
from astrobench_galaxies.downloads import Deposit
from astrobench_galaxies.hst_mock import hst_mock
from astrobench_galaxies.image_folder import image_folder
from astrobench_galaxies.lsst_mock import lsst_mock
from unprivileged import set_modes, unprivileged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

REMEDY = "; set ASTROBENCH_CACHE to a folder of your own"
RNG = np.random.default_rng(4)


class Quick:
    """A galaxy that takes no time."""

    agrees = True

    def __init__(self, recipe: object, number: int) -> None:
        self.scene = np.random.default_rng(number).random((3, 12, 12), np.float32)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("ASTROBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ASTROBENCH_CORES", "1")
    for module in (drawing, exposures, hst_drawing):
        monkeypatch.setattr(module, "SHAPE", (3, 12, 12))
    for module in (drawing, hst_drawing):
        monkeypatch.setattr(module, "draw", Quick)
    yield tmp_path / "cache"
    set_modes(tmp_path / "cache", files=0o600, folders=0o700)


def own_images(home: Path) -> Callable[[], Any]:
    lines = ["path,label,domain"]
    for number in range(40):
        np.save(home / f"{number}.npy", RNG.random((3, 8, 8), np.float32))
        lines.append(f"{number}.npy,{'ab'[number % 2]},{'near' if number < 20 else 'far'}")
    (home / "labels.csv").write_text("\n".join(lines))
    return partial(image_folder, catalogue=home / "labels.csv", source="near", target="far", size=8)


def published(home: Path) -> Callable[[], Any]:
    for split, size in {"train": 30, "valid": 6, "test": 9}.items():
        np.save(home / f"labels_{split}.npy", np.arange(size) % 3)
        for domain in ("Y10", "Y1"):
            np.save(home / f"images_{domain}_{split}.npy", RNG.random((size, 3, 10, 10)))
    return partial(deepadversaries, folder=home)


def merging(home: Path) -> Callable[[], Any]:
    for name, size in (("SOURCE_{}_Illustris0", 60), ("TARGET_{}_postmergers_SDSS", 40)):
        np.save(home / f"SimReal_{name.format('X')}.npy", RNG.random((size, 3, 6, 6)))
        np.save(home / f"SimReal_{name.format('y')}.npy", np.arange(size) % 2)
    return partial(deepmerge, folder=home, experiment="sim_real")


def maps(home: Path) -> Callable[[], Any]:
    for suite in ("IllustrisTNG", "SIMBA"):
        np.save(home / f"Maps_T_{suite}_LH_z=0.00.npy", RNG.random((300, 8, 8), np.float32) + 1)
        np.savetxt(home / f"params_LH_{suite}.txt", RNG.random((20, 6)))
    return partial(camels, folder=home, field="T")


MAKERS: dict[str, Callable[[Path], Callable[[], Any]]] = {
    "image_folder": own_images,
    "deepadversaries": published,
    "deepmerge": merging,
    "camels": maps,
    "lsst_mock": lambda home: partial(lsst_mock, galaxies=40),
    "hst_mock": lambda home: partial(hst_mock, galaxies=40),
    "camels_mock": lambda home: partial(camels_mock, simulations=20, tests=4, pixels=16),
}


def images(dataset: Any) -> list[np.ndarray]:
    parts = (dataset.train, dataset.valid, dataset.target, *dataset.tests.values())
    return [np.array(part.images) for part in parts]


@pytest.mark.parametrize("name", MAKERS)
def test_a_cache_that_can_be_read_and_not_written_is_used_for_what_is_in_it(
    tmp_path: Path, cache: Path, name: str
) -> None:
    (tmp_path / "data").mkdir()
    opened = MAKERS[name](tmp_path / "data")
    before = images(opened())
    set_modes(cache, files=0o444, folders=0o555)
    after = unprivileged(lambda: images(opened()))
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(("files", "folders"), [(0o000, 0o777), (0o000, 0o000)], ids=["files", "folders"])
def test_private_files_of_another_user_are_refused_with_the_remedy(
    tmp_path: Path, cache: Path, name: str, files: int, folders: int
) -> None:
    (tmp_path / "data").mkdir()
    opened = MAKERS[name](tmp_path / "data")
    opened()
    for folder in cache.iterdir():  # the root itself is shared
        if folder.is_dir():
            set_modes(folder, files=files, folders=folders)
    with pytest.raises(DataError) as fault:
        unprivileged(opened)
    assert str(fault.value).startswith(
        (f"cannot read the cache {cache}", f"cannot make the cache {cache}")[: 1 + (not folders)]
    )
    assert str(fault.value).endswith(REMEDY)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("inner", [False, True])
def test_a_cache_that_has_to_be_written_and_cannot_be_is_refused_with_the_remedy(
    tmp_path: Path, cache: Path, name: str, inner: bool
) -> None:
    (tmp_path / "data").mkdir()
    opened = MAKERS[name](tmp_path / "data")
    opened()
    for path in sorted(cache.rglob("*"), reverse=True):
        if path.is_file():
            path.unlink()
        elif not inner or path.name.startswith(".") or len(path.relative_to(cache).parts) > 2:
            path.rmdir()
    set_modes(cache, files=0o444, folders=0o555)
    with pytest.raises(DataError) as fault:
        unprivileged(opened)
    assert "cache" in str(fault.value)
    assert str(cache) in str(fault.value)
    assert REMEDY.removeprefix("; ") in str(fault.value)


def test_a_record_of_checksums_that_cannot_be_written_costs_nothing(
    cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = cache_folder("published")
    np.save(folder / "a.npy", np.arange(3))
    set_modes(cache, files=0o444, folders=0o555)
    deposit = Deposit("http://127.0.0.1:9", folder, "")
    assert unprivileged(lambda: deposit.find(("a.npy",))) == folder / "a.npy"
    assert "cannot keep checksums.json in" in caplog.text


def test_a_file_that_would_be_fetched_into_a_cache_that_cannot_be_written_is_refused(cache: Path) -> None:
    folder = cache_folder("published")
    set_modes(cache, files=0o444, folders=0o555)
    with pytest.raises(DataError, match=f"cannot write to the cache .*{REMEDY}"):
        unprivileged(lambda: Deposit("http://127.0.0.1:9", folder, "").find(("a.npy",)))


def test_a_record_of_checksums_that_is_private_is_refused_with_the_remedy(cache: Path) -> None:
    folder = cache_folder("published")
    np.save(folder / "a.npy", np.arange(3))
    deposit = Deposit("http://127.0.0.1:9", folder, "")
    deposit.find(("a.npy",))
    (folder / "checksums.json").chmod(0)
    with pytest.raises(DataError, match=f"cannot read the cache .*checksums.json: Permission denied{REMEDY}"):
        unprivileged(lambda: deposit.find(("a.npy",)))
