"""Where what was fetched, drawn or decoded once is kept, for the core and for every plugin."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from pathlib import Path

import platformdirs

from astrobench.errors import DataError

REMEDY = "set ASTROBENCH_CACHE to a folder of your own"


def cache_root() -> Path:
    """Return the cache: ASTROBENCH_CACHE, or the platform's own place. It need not be there yet."""
    return Path(os.environ.get("ASTROBENCH_CACHE") or platformdirs.user_cache_dir("astrobench")).expanduser()


def cache_folder(*parts: str) -> Path:
    """Return (and make) a folder under the cache.

    One that can be read and not written is returned too: what is in it can be used. Raises DataError where it cannot
    be read, or is not there and cannot be made; `need_room` refuses a folder that has to be written and cannot be.
    """
    folder = cache_root().joinpath(*parts)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise DataError(f"cannot make the cache {folder}: {fault.strerror}; {REMEDY}") from None
    if not os.access(folder, os.R_OK | os.X_OK):
        raise DataError(f"cannot read the cache {folder}; {REMEDY}")
    return folder


def cannot_read(path: Path, fault: OSError) -> DataError:
    """Return the error that says why a file of the cache cannot be read, and what to do."""
    return DataError(f"cannot read the cache {path}: {fault.strerror}; {REMEDY}")


def cannot_keep(what: str, folder: Path, fault: OSError) -> DataError:
    """Return the error that says why something cannot be kept in a folder of the cache, and what to do."""
    return DataError(f"cannot keep {what} in {folder}: {fault.strerror}; {REMEDY}")


def need_room(folder: Path, size: int) -> None:
    """Raise DataError unless a folder can be written and its disk has room for `size` bytes; 0 bytes need neither."""
    if not size:
        return
    if not os.access(folder, os.W_OK | os.X_OK):
        raise DataError(f"cannot write to the cache {folder}; {REMEDY}")
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
    """Rename a damaged file or folder, so that it counts as missing and can still be looked at; an older one goes.

    Raises DataError where the folder that it lies in cannot be written.
    """
    aside = path.with_name(f"{path.name}.corrupt")
    try:
        if not path.exists():
            return
        if path.is_dir():
            shutil.rmtree(aside, ignore_errors=True)
        path.replace(aside)
    except FileNotFoundError:  # another process was faster
        return
    except OSError as fault:
        raise DataError(f"{path} is damaged and cannot be set aside: {fault.strerror}; {REMEDY}") from None
    message = "%s is damaged, or nothing vouches for it: it is made again, and kept as %s"
    logging.getLogger("astrobench").warning(message, path, aside.name)
