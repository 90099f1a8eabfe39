"""Names of what was drawn, and of what was measured of files, in the cache."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from astrobench import cannot_read, content_digest, open_npy

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np


def digest(*words: object) -> str:
    """Return 16 hexadecimal digits that stand for the words."""
    return hashlib.sha256("\x1f".join(map(str, words)).encode()).hexdigest()[:16]


def file_digest(path: Path, *words: object) -> str:
    """Return 16 hexadecimal digits that stand for the content of a file as it is now, and for the words."""
    return digest(content_digest(path), *words)


def read_copy(path: Path) -> np.ndarray:
    """Map an array of the cache. Raises DataError, with the remedy, where it cannot be read."""
    try:
        with path.open("rb"):
            return open_npy(path)
    except OSError as fault:
        raise cannot_read(path, fault) from None
