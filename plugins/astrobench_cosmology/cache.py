"""Where maps that were drawn, and what was measured of files, are kept."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import platformdirs
from astrobench import DataError

REMEDY = "set ASTROBENCH_CACHE to a folder that can be written"


def cache_folder(*parts: str) -> Path:
    """Return (and make) a folder under the cache, whose root ASTROBENCH_CACHE overrides.

    Raises DataError where it cannot be made or written to.
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


def digest(*words: object) -> str:
    """Return 16 hexadecimal digits that stand for the words."""
    return hashlib.sha256("\x1f".join(map(str, words)).encode()).hexdigest()[:16]


def file_digest(path: Path, *words: object) -> str:
    """Return 16 hexadecimal digits that stand for a file as it is now, by name, size and time, and for the words."""
    told = path.stat()
    return digest(path.resolve(), told.st_size, told.st_mtime_ns, *words)
