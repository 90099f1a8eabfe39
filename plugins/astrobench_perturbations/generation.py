"""One generation of all searches that run side by side, from their members to what is known of the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from astrobench_perturbations.evolution import trials
from astrobench_perturbations.ranked import Ranked

if TYPE_CHECKING:
    from collections.abc import Callable

    from astrobench_perturbations.evaluators import Evaluator
    from astrobench_perturbations.evolution import Pixels
    from astrobench_perturbations.flock import Flock
    from astrobench_perturbations.rule import Rule

    Logits = Callable[[torch.Tensor, Pixels], torch.Tensor]

CONFIRMED = 3
"""Members known for certain after each generation where candidates are only ranked: of ten searches one small batch."""


@dataclass(frozen=True, eq=False)
class Generation:
    """What a generation takes. shape: rows and columns of the images. Nothing here reads a value on the host."""

    evaluator: Evaluator
    rule: Rule
    shape: tuple[int, int]

    def after(self, flock: Flock, draws: torch.Tensor, fresh: list[bool]) -> Flock:
        """Evaluate one population of every search, the first one or the rivals of the members.

        draws: see `trials`. fresh: which searches have their first population before them; empty where none has.
        """
        candidates = self._candidates(flock, draws, fresh)
        met = flock.met(candidates, self._fitness(flock, candidates, self.evaluator.logits))
        return met.told(*self._certain(met))

    def _candidates(self, flock: Flock, draws: torch.Tensor, fresh: list[bool]) -> torch.Tensor:
        if fresh and all(fresh):
            return flock.members
        rivals = trials(flock.members, draws, self.rule.weight, self.rule.out_of_range)
        if not any(fresh):
            return rivals
        return torch.where(torch.tensor(fresh, device=rivals.device)[:, None, None], flock.members, rivals)

    def _certain(self, flock: Flock) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the best members of each search, int64 (S, n), and their fitness for certain, float32 (S, n)."""
        if not isinstance(self.evaluator, Ranked):
            best = flock.fitness.argmax(1, keepdim=True)
            return best, torch.take_along_dim(flock.fitness, best, 1)
        best = torch.argsort(-flock.fitness, dim=1, stable=True)[:, :CONFIRMED]
        members = torch.take_along_dim(flock.members, best[..., None], 1)
        return best, self._fitness(flock, members, self.evaluator.confirmed)

    def _fitness(self, flock: Flock, candidates: torch.Tensor, logits: Logits) -> torch.Tensor:
        """Return the fitness, float32 (S, n), of candidates (S, n, D), n of each search.

        On a CPU the softmax is that of one search at a time, as in `by_image`. It is 5 times as fast along columns.
        """
        searches, n, genes = candidates.shape
        pixels = self.rule.read(candidates.reshape(-1, genes), self.shape)
        found = logits(flock.slots.repeat_interleave(n), pixels)
        parts = torch.split(found, len(found) if found.is_cuda else n)
        probabilities = torch.cat([part.T.softmax(0).T for part in parts])
        return flock.fitness_of(probabilities.view(searches, n, -1))
