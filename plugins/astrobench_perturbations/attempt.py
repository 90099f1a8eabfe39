"""One search for one target on one image, as it stands whenever it is looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from typing import Self

TARGET_REACHED = 0.5
"""A targeted attack succeeds above this probability of the target."""
START_LEFT = 0.05
"""An untargeted attack succeeds below this probability of the class it started from."""
UNTARGETED = -1


@dataclass(frozen=True, eq=False)
class Population:
    """Members float64 (P, D) and what is known of them, on the network's device.

    fitness: float32 (P,), the higher the better. champion: float64 (D,), the best that is known for certain. height:
    float32 (), its fitness.
    """

    members: torch.Tensor
    fitness: torch.Tensor
    champion: torch.Tensor
    height: torch.Tensor

    @classmethod
    def unmet(cls, members: torch.Tensor) -> Self:
        """Return a population of which nothing is known."""
        fitness = torch.full(members.shape[:1], -torch.inf, device=members.device)
        return cls(members, fitness, members[0], fitness[0])


@dataclass(frozen=True, eq=False)
class Attempt:
    """How a search goes.

    image: which of the attacked images. slot: where the evaluator holds it. start: the class it starts from.
    target: the class asked for, or UNTARGETED. later: targets to try if this one fails. generation: replacements
    so far, -1 before the first population was met. queries: evaluations so far, those of earlier attempts on the
    image included. number: 1 for the first attempt on the image. succeeded: whether the champion does what was asked.
    """

    image: int
    slot: int
    start: int
    target: int
    later: tuple[int, ...]
    population: Population
    generation: int = -1
    queries: int = 0
    number: int = 1
    succeeded: bool = False

    def after(self, population: Population, steps: int, *, succeeded: bool) -> Attempt:
        """Go on by so many steps, each of one evaluation a member."""
        queries = self.queries + steps * len(population.members)
        generation = self.generation + steps
        return replace(self, population=population, generation=generation, queries=queries, succeeded=succeeded)

    def again(self, members: torch.Tensor) -> Attempt:
        """Start over with the next target and a new first population."""
        target, *later = self.later
        population = Population.unmet(members)
        return replace(
            self, target=target, later=tuple(later), population=population, generation=-1, number=self.number + 1
        )
