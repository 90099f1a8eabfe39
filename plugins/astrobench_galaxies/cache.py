"""Where the datasets of galaxies keep what they fetched, drew or decoded once."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
from astrobench import DataError

REMEDY = "set ASTROBENCH_CACHE to a folder that can be written"


def cache_folder(*parts: str) -> Path:
    """Return (and make) a folder under the cache, whose root ASTROBENCH_CACHE overrides.

    Raises DataError where it cannot be written to.
    """
    root = os.environ.get("ASTROBENCH_CACHE") or platformdirs.user_cache_dir("astrobench")
    folder = Path(root).expanduser().joinpath(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise DataError(f"cannot make the cache {folder}: {fault.strerror}; {REMEDY}") from None
    if not os.access(folder, os.W_OK):
        raise DataError(f"cannot write to the cache {folder}; {REMEDY}")
    return folder
