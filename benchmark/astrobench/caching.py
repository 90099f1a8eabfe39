"""Where what was fetched, drawn or decoded once is kept, for the core and for every plugin."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import platformdirs

from astrobench.errors import DataError

REMEDY = "set ASTROBENCH_CACHE to a folder that can be written"


def cache_root() -> Path:
    """Return the cache: ASTROBENCH_CACHE, or the platform's own place. It need not be there yet."""
    return Path(os.environ.get("ASTROBENCH_CACHE") or platformdirs.user_cache_dir("astrobench")).expanduser()


def cache_folder(*parts: str) -> Path:
    """Return (and make) a folder under the cache. Raises DataError where it cannot be made or written to."""
    folder = cache_root().joinpath(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise DataError(f"cannot make the cache {folder}: {fault.strerror}; {REMEDY}") from None
    if not os.access(folder, os.W_OK):
        raise DataError(f"cannot write to the cache {folder}; {REMEDY}")
    return folder


def cannot_keep(what: str, folder: Path, fault: OSError) -> DataError:
    """Return the error that says why something cannot be kept in a folder of the cache, and what to do."""
    return DataError(f"cannot keep {what} in {folder}: {fault.strerror}; {REMEDY}")


def need_room(folder: Path, size: int) -> None:
    """Raise DataError unless the disk of a folder has room for `size` bytes."""
    free = shutil.disk_usage(folder).free
    if free < size:
        raise DataError(
            f"{folder} has {free / 1e9:.1f} GB free, want {size / 1e9:.1f} GB; set ASTROBENCH_CACHE to a larger disk"
        )
