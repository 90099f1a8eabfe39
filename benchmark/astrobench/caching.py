"""Where what was fetched, drawn or decoded once is kept, for the core and for every plugin."""

from __future__ import annotations

import hashlib
import logging
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


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, 64 hexadecimal digits: about 1 GB a second a core."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def set_aside(path: Path) -> None:
    """Rename a damaged file or folder, so that it counts as missing and can still be looked at; an older one goes."""
    aside = path.with_name(f"{path.name}.corrupt")
    if path.is_dir():
        shutil.rmtree(aside, ignore_errors=True)
    try:
        path.replace(aside)
    except FileNotFoundError:  # another process was faster
        return
    told = "%s is damaged, or nothing vouches for it: it is made again, and kept as %s"
    logging.getLogger("astrobench").warning(told, path, aside.name)
