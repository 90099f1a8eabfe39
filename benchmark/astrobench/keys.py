"""Keys: SHA-256 over canonical JSON of all that a number depends on."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def canonical(value: Any) -> str:
    """Return the one text of a JSON value: sorted keys, no spaces, ASCII. Raises ValueError for NaN."""
    return _WRITER.encode(value)


def key_of(value: Any) -> str:
    """Return the key of a JSON value: 64 hexadecimal digits."""
    return key_of_text(canonical(value))


def key_of_text(text: str) -> str:
    """Return the key of a JSON value that is written out already, as `canonical` writes it."""
    return hashlib.sha256(text.encode("ascii")).hexdigest()


_WRITER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
