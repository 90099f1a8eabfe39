"""A search whose candidates are only ranked: a few of the best are known for certain, and these alone count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from astrobench_perturbations.attempt import Attempt, reaches

CONFIRMED = 3
"""Members known for certain after each generation: of ten searches side by side, one small batch of float32."""


@dataclass(frozen=True, eq=False)
class Doubted(Attempt):
    """An attempt whose fitness is rough but for those it was told of.

    champion, height: the member that came highest for certain, (1, D), and its fitness. It is kept when a rival that
    only ranks higher takes its place.
    """

    champion: np.ndarray | None = None
    height: float = -np.inf

    def top(self) -> np.ndarray:
        """Return the members that rank highest, int64 (≤ CONFIRMED,)."""
        return np.argsort(-self.fitness, kind="stable")[:CONFIRMED]

    def told(self, which: np.ndarray, fitness: np.ndarray) -> Self:
        """Take the fitness of some members for certain."""
        certain = np.where(np.isnan(fitness), -np.inf, fitness)
        after = self.fitness.copy()
        after[which] = certain
        found, highest = replace(self, fitness=after), certain.argmax()
        if certain[highest] <= self.height:
            return found
        return replace(found, champion=self.members[which[[highest]]], height=float(certain[highest]))

    def again(self, members: np.ndarray) -> Attempt:
        """Start over with the next target and a new first population."""
        return replace(super().again(members), champion=None, height=-np.inf)  # type: ignore[call-arg] # one of us

    @property
    def succeeded(self) -> bool:
        """Whether a member does for certain what was asked."""
        return reaches(self.height, self.target)

    @property
    def best(self) -> np.ndarray:
        """The best member of those known for certain, (1, D)."""
        return self.members[:1] if self.champion is None else self.champion
