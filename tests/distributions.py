"""Installed distributions for tests, made by hand in a temporary folder: metadata and modules, no pip."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def write_modules(folder: Path, modules: dict[str, str]) -> None:
    """Write modules, by dotted name, as files under a folder; a name ending in a dot is a package's __init__."""
    for name, source in modules.items():
        stem = folder.joinpath(*name.rstrip(".").split("."))
        path = stem / "__init__.py" if name.endswith(".") else stem.with_name(stem.name + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source), encoding="utf-8")


def install(
    patch: pytest.MonkeyPatch,
    folder: Path,
    distribution: str,
    modules: dict[str, str],
    *,
    version: str = "1.0",
    target: str = "",
) -> None:
    """Install a distribution whose entry point is its first module, or `target`."""
    place = folder / distribution
    write_modules(place, modules)
    info = place / f"{distribution.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[astrobench]\nmain = {target or next(iter(modules)).rstrip('.')}\n")
    patch.syspath_prepend(place)
