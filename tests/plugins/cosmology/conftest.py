"""A folder of tiny files in the format of the CAMELS Multifield Dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from plugins.cosmology.made import maps_of, parameters_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def cmd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a function that writes the files of a field, suite and set, and returns their folder."""
    monkeypatch.setenv("ASTROBENCH_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "cmd"
    folder.mkdir()

    def write(field: str, suite: str, which: str = "LH", *, maps: np.ndarray | None = None, rows: int = 20) -> Path:
        found = maps_of(rows, len(suite)) if maps is None else maps
        np.save(folder / f"Maps_{field}_{suite}_{which}_z=0.00.npy", found)
        np.savetxt(folder / f"params_{which}_{suite}.txt", parameters_of(rows), "%.5f")
        return folder

    return write
