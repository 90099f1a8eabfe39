"""Randomness that comes from keys, never from a position in a loop."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def seed_of(*scope: object) -> int:
    """Return a 63-bit seed that depends on every word of the scope and on nothing else."""
    text = "\x1f".join(str(word) for word in scope)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


@dataclass(frozen=True)
class Streams:
    """Random streams under one scope: `all()` for a whole batch, `of(id)` for one image.

    A stream depends on the scope and the id only, so an image meets the same draw alone or in any batch.
    """

    scope: str

    def all(self) -> np.random.Generator:
        """Return the stream of the whole scope."""
        return self._generator("")

    def of(self, image_id: object) -> np.random.Generator:
        """Return the stream of one image."""
        return self._generator(str(image_id))

    def _generator(self, name: str) -> np.random.Generator:
        import numpy as np

        return np.random.Generator(np.random.Philox(seed_of(self.scope, name)))
