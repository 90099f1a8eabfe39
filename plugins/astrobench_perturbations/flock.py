"""Searches side by side as few large arrays, so that a generation of all of them never leaves the network's device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from astrobench_perturbations.attempt import START_LEFT, TARGET_REACHED, UNTARGETED, Population

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench_perturbations.attempt import Attempt

RUNNING = 0


@dataclass(frozen=True, eq=False)
class Flock:
    """S searches of P members. slots, starts, targets: int64 (S,). The rest as in `Population`, with S in front.

    reached: int64 (S,), after which step from now a search succeeded, RUNNING while it did not. One that has is left
    as it is.
    """

    slots: torch.Tensor
    starts: torch.Tensor
    targets: torch.Tensor
    members: torch.Tensor
    fitness: torch.Tensor
    champion: torch.Tensor
    height: torch.Tensor
    reached: torch.Tensor
    steps: int = 0

    @classmethod
    def of(cls, attempts: Sequence[Attempt]) -> Flock:
        """Put attempts side by side."""
        populations = [attempt.population for attempt in attempts]
        device = populations[0].members.device
        numbers = torch.tensor([(one.slot, one.start, one.target) for one in attempts]).to(device, non_blocking=True)
        slots, starts, targets = numbers.unbind(1)
        members, fitness, champion, height = (
            torch.stack([getattr(one, name) for one in populations])
            for name in ("members", "fitness", "champion", "height")
        )
        reached = torch.full_like(slots, RUNNING)
        return cls(slots, starts, targets, members, fitness, champion, height, reached)

    def populations(self) -> list[Population]:
        """Return the population of each search."""
        parts = (self.members, self.fitness, self.champion, self.height)
        return [Population(*one) for one in zip(*(part.unbind() for part in parts), strict=True)]

    def fitness_of(self, probabilities: torch.Tensor) -> torch.Tensor:
        """Return how far candidates have come, float32 (S, n), from class probabilities (S, n, K).

        The probability of the target; untargeted, minus the probability of the class the image started from.
        """
        is_free = self.targets == UNTARGETED
        asked = torch.where(is_free, self.starts, self.targets)
        found = torch.take_along_dim(probabilities, asked[:, None, None], 2)[..., 0]
        return torch.where(is_free[:, None], -found, found)

    def met(self, candidates: torch.Tensor, fitness: torch.Tensor) -> Flock:
        """Let each candidate, (S, P, D), replace its member where it is strictly better."""
        better = (fitness > self.fitness) & (self.reached == RUNNING)[:, None]
        members = torch.where(better[..., None], candidates, self.members)
        return replace(self, members=members, fitness=torch.where(better, fitness, self.fitness), steps=self.steps + 1)

    def told(self, which: torch.Tensor, certain: torch.Tensor) -> Flock:
        """Take the fitness of some members, int64 (S, n), for certain, float32 (S, n): these alone may succeed.

        A champion is kept when a rival that only ranks higher takes its place.
        """
        known = torch.where(certain.isnan(), -torch.inf, certain)
        highest, at = known.max(1)
        is_running = self.reached == RUNNING
        better = is_running & (highest > self.height)
        best = torch.take_along_dim(self.members, torch.take_along_dim(which, at[:, None], 1)[..., None], 1)[:, 0]
        height = torch.where(better, highest, self.height)
        return replace(
            self,
            fitness=torch.where(is_running[:, None], self.fitness.scatter(1, which, known), self.fitness),
            champion=torch.where(better[:, None], best, self.champion),
            height=height,
            reached=torch.where(is_running & self._is_reached(height), self.steps, self.reached),
        )

    def _is_reached(self, height: torch.Tensor) -> torch.Tensor:
        return torch.where(self.targets == UNTARGETED, height > -START_LEFT, height > TARGET_REACHED)
