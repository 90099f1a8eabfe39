"""A store that is read once: what it gave it gives again, from memory, for as long as nothing else has run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from astrobench.store import Store


@dataclass(frozen=True)
class Recalling(Store):
    """A store with a memory of the results that were there: those never change, and are read and verified once.

    What was not there is looked for anew each time, for another run may have brought it. Whoever lets a plugin run
    takes a new one, since a plugin may write into a results directory: see `witness`.
    """

    recalled: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict, compare=False, repr=False)

    def read(self, kind: str, key: str) -> dict[str, Any] | None:
        """Return {result, provenance} as `Store.read` does, of what was read before from memory."""
        found = self.recalled.get((kind, key))
        if found is None and (found := super().read(kind, key)) is not None:
            self.recalled[kind, key] = found
        return found

    def has(self, kind: str, key: str) -> bool:
        """Say whether a result is there."""
        return (kind, key) in self.recalled or super().has(kind, key)
