"""One search for one target on one image, as a value: what it knows after each generation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

TARGET_REACHED = 0.5
"""A targeted attack succeeds above this probability of the target."""
START_LEFT = 0.05
"""An untargeted attack succeeds below this probability of the class it started from."""
UNTARGETED = -1


@dataclass(frozen=True, eq=False)
class Attempt:
    """A population and its fitness. members: float64 (P, D). fitness: float32 (P,), the higher the better.

    image: which of the attacked images. slot: where the evaluator holds it. start: the class it starts from.
    target: the class asked for, or UNTARGETED. later: targets to try if this one fails. generation: replacements
    so far, -1 before the first population was met. queries: evaluations so far, those of earlier attempts on the
    image included. number: 1 for the first attempt on the image.
    """

    image: int
    slot: int
    start: int
    target: int
    later: tuple[int, ...]
    members: np.ndarray
    fitness: np.ndarray
    generation: int = -1
    queries: int = 0
    number: int = 1

    def after(self, candidates: np.ndarray, fitness: np.ndarray) -> Attempt:
        """Let each candidate (P, D) replace its member where it is strictly better."""
        better = fitness > self.fitness
        return replace(
            self,
            members=np.where(better[:, None], candidates, self.members),
            fitness=np.where(better, fitness, self.fitness),
            generation=self.generation + 1,
            queries=self.queries + len(fitness),
        )

    def again(self, members: np.ndarray) -> Attempt:
        """Start over with the next target and a new first population."""
        return replace(
            self,
            target=self.later[0],
            later=self.later[1:],
            members=members,
            fitness=np.full(len(members), -np.inf, np.float32),
            generation=-1,
            number=self.number + 1,
        )

    @property
    def succeeded(self) -> bool:
        """Whether the best member does what was asked."""
        return reaches(float(self.fitness.max()), self.target)

    @property
    def best(self) -> np.ndarray:
        """The best member, (1, D)."""
        return self.members[[self.fitness.argmax()]]


def reaches(fitness: float, target: int) -> bool:
    """Return whether a fitness is a success."""
    return fitness > (-START_LEFT if target == UNTARGETED else TARGET_REACHED)


def fitness_of(probabilities: np.ndarray, attempt: Attempt) -> np.ndarray:
    """Return how far candidates have come, float32 (P,), from class probabilities (P, K).

    The probability of the target; untargeted, minus the probability of the class the image started from.
    """
    if attempt.target == UNTARGETED:
        return -probabilities[:, attempt.start]
    return probabilities[:, attempt.target]
