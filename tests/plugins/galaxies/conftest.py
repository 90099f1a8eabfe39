"""Small files of the published layout, and a cache that is thrown away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

SIZES = {"train": 30, "valid": 6, "test": 9}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASTROBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path, cache: Path) -> Path:
    home, rng = tmp_path / "files", np.random.default_rng(5)
    home.mkdir()
    for split, size in {**SIZES, "test_150": 3}.items():
        classes = np.arange(size) % 3
        np.save(home / f"labels_{split}.npy", np.eye(3)[classes])
        for domain, noise in (("Y10", 1.0), ("Y1", 3.0)):
            flux = rng.normal(classes[:, None, None, None], noise, (size, 3, 10, 10)) * 100
            np.save(home / f"images_{domain}_{split}.npy", flux)
    return home
