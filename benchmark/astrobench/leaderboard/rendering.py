"""A leaderboard's files: written from its records, or compared with what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astrobench.collecting import uncollected
from astrobench.errors import StoreError
from astrobench.leaderboard.building import build
from astrobench.leaderboard.csv import table
from astrobench.leaderboard.markdown import page
from astrobench.store import write_atomically

if TYPE_CHECKING:
    from pathlib import Path

    from astrobench.leaderboard.table import Leaderboard


def texts(board: Leaderboard) -> dict[str, str]:
    """Return file name → text of everything that is rendered."""
    return {"table.csv": table(board), "README.md": page(board)}


def render(folder: Path, *, check: bool = False) -> Leaderboard:
    """Write table.csv and README.md from `<folder>/records/*.jsonl`; return the leaderboard they show.

    The same records give the same bytes anywhere. check: write nothing, and compare instead.

    Raises StoreError where records cannot be used, files cannot be written, or (check) one is missing or stale.
    """
    with uncollected():
        board = build(folder)
        files = {folder / name: text.encode("utf-8") for name, text in texts(board).items()}
    for path, data in files.items():
        if check:
            _check(path, data)
        else:
            write_atomically(path, data, replace=True)
    return board


def _check(path: Path, data: bytes) -> None:
    remedy = f"run `astrobench render {path.parent}` and commit the outcome"
    if not path.is_file():
        raise StoreError(f"{path} is missing: {remedy}")
    if path.read_bytes() != data:
        raise StoreError(f"{path} is stale, its records say otherwise: {remedy}")
