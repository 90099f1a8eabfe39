"""Names of what was drawn, and of what was measured of files, in the cache."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def digest(*words: object) -> str:
    """Return 16 hexadecimal digits that stand for the words."""
    return hashlib.sha256("\x1f".join(map(str, words)).encode()).hexdigest()[:16]


def file_digest(path: Path, *words: object) -> str:
    """Return 16 hexadecimal digits that stand for a file as it is now, by name, size and time, and for the words."""
    told = path.stat()
    return digest(path.resolve(), told.st_size, told.st_mtime_ns, *words)
