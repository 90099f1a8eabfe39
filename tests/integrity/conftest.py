"""A laboratory whose plugins change what they are given, and the results of an honest suite in it."""

from __future__ import annotations

import shutil
from multiprocessing import forkserver
from typing import TYPE_CHECKING

import pytest
from distributions import install

from integrity.clumsy import CLUMSY, sweep

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("clumsy")
    with pytest.MonkeyPatch.context() as patch:
        install(patch, folder / "site", "clumsy-lab", CLUMSY)
        patch.setenv("ASTROBENCH_CACHE", str(folder / "cache"))
        forkserver._forkserver._stop()  # type: ignore[attr-defined] # another test's has another path
        yield folder
        forkserver._forkserver._stop()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def honest(laboratory: Path) -> Path:
    sweep(laboratory / "honest").run()
    return laboratory / "honest"


@pytest.fixture
def trained(honest: Path, tmp_path: Path) -> Path:
    """Return results of the honest suite with the training done and no cell predicted."""
    for room in ("datasets", "objects", "trainings", "truth", "weights"):
        shutil.copytree(honest / room, tmp_path / room)
    return tmp_path


@pytest.fixture
def predicted(honest: Path, tmp_path: Path) -> Path:
    """Return results of the honest suite with every cell predicted and none scored."""
    for room in ("cells", "datasets", "objects", "trainings", "truth", "weights"):
        shutil.copytree(honest / room, tmp_path / room)
    return tmp_path
