"""Names of columns made from names of classes or layers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


def columns(names: Sequence[str], reserved: Collection[str] = ()) -> tuple[str, ...]:
    """Return one word of letters, digits, "_" and "-" a name, all different: "layer1.0" becomes "layer1-0".

    Where two names would share a word, or one would take a reserved word, every word gets its position appended.
    """
    words = [re.sub(r"[^0-9A-Za-z_-]+", "-", name) for name in names]
    if len(set(words)) == len(words) and not set(words) & set(reserved):
        return tuple(words)
    return tuple(f"{word}-{position}" for position, word in enumerate(words))
