"""Memory that is used again: what one galaxy gave back serves the next, instead of being fetched from the system."""

from __future__ import annotations

from functools import cache

import numpy as np

_KEPT = 2**24  # bytes: more than any array of one galaxy


@cache
def keep_freed() -> None:
    """Let the C library keep what is freed, up to twice 16 MB, once a process.

    It returns larger pieces than it has seen freed to the system at once, and fetching them page by page anew cost a
    fifth of a galaxy. Freeing one large piece, which is never written, shows glibc how large they may be; other
    libraries are none the wiser.
    """
    np.empty(_KEPT, np.uint8)
