"""Many searches side by side: each image its own differential evolution, its own stream and its own end.

A search that ends leaves its slot to the next image at once, so that every evaluation is of full width until the last
images.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from astrobench import report

from astrobench_perturbations.attempt import UNTARGETED, Attempt, Population
from astrobench_perturbations.evolution import CHOSEN, first, trials
from astrobench_perturbations.flock import Flock
from astrobench_perturbations.ranked import Ranked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from astrobench_perturbations.evaluators import Evaluator
    from astrobench_perturbations.evolution import Pixels
    from astrobench_perturbations.rule import Rule

    Logits = Callable[[torch.Tensor, Pixels], torch.Tensor]

UNSEEN = 8
"""Generations on CUDA between two looks of the host at who has ended: each look waits for all that was asked for."""
CONFIRMED = 3
"""Members known for certain after each generation where candidates are only ranked: of ten searches one small batch."""


@dataclass(frozen=True, eq=False)
class Search:
    """Attacks on images float32 (M, C, H, W), each with a stream.

    labels: int64 (M,), the classes attacks start from; None for those that the network says. unseen: generations
    between two looks at who has ended, which changes no result.
    """

    evaluator: Evaluator
    images: torch.Tensor
    labels: np.ndarray | None
    streams: Sequence[np.random.Generator]
    rule: Rule
    unseen: int = 1

    def run(self) -> list[Attempt]:
        """Return the attempt that each attacked image ended with: the first that succeeded, or the last.

        Whether the best member succeeds is asked before each generation and after the last.
        """
        ended, running, flipped = list[Attempt](), list[Attempt](), 0
        waiting = deque(range(len(self.images)))
        with torch.inference_mode():
            while running := [*running, *self._entering(running, waiting)]:
                met = self._gone_on(running)
                over = [attempt for attempt in met if self._is_over(attempt)]
                running = [self._continued(attempt) for attempt in met if not self._is_over(attempt)]
                ended += over
                flipped += sum(attempt.succeeded for attempt in over)
                done = len(self.images) - len(waiting) - len(running)
                report("attacking", done, len(self.images), f"{flipped} flipped")
        return sorted(ended, key=lambda attempt: attempt.image)

    def _entering(self, running: list[Attempt], waiting: deque[int]) -> list[Attempt]:
        """Let images that wait into free slots, until all slots are taken or none waits."""
        slots, new = range(self.rule.slots(self.images.device)), list[Attempt]()
        while waiting and (free := sorted(set(slots) - {one.slot for one in (*running, *new)})):
            images = [waiting.popleft() for _ in free[: len(waiting)]]
            new += self._begun(images, free[: len(images)])
        return new

    def _begun(self, images: list[int], slots: list[int]) -> list[Attempt]:
        """Put images into slots and begin on them, but for those that the network gets wrong already."""
        logits = self.evaluator.place(slots, self.images[images])
        said = logits.argmax(1).cpu().numpy()
        starts = said if self.labels is None else self.labels[images]
        wanted = (starts == said) | (not self.rule.only_correct)
        return [
            self._attempt(image, slot, int(start), logits.shape[1])
            for image, slot, start, is_wanted in zip(images, slots, starts, wanted, strict=True)
            if is_wanted
        ]

    def _attempt(self, image: int, slot: int, start: int, classes: int) -> Attempt:
        others = [k for k in range(classes) if k != start]
        target, *later = others if self.rule.targeted else [UNTARGETED]
        return Attempt(image, slot, start, target, tuple(later), Population.unmet(self._first(image)))

    def _first(self, image: int) -> torch.Tensor:
        members = first(self.streams[image], self.rule.population, self.images.shape[1], self.rule.pixels)
        return torch.from_numpy(members).to(self.images.device)

    def _gone_on(self, running: list[Attempt]) -> list[Attempt]:
        """Let every running attempt meet its first population or its next ones, and look at who has succeeded."""
        steps = min([self.unseen, *(self.rule.generations - attempt.generation for attempt in running)])
        fresh = [attempt.generation < 0 for attempt in running]
        flock, draws = Flock.of(running), self._drawn(running, steps)
        for number in range(steps):
            flock = self._step(flock, draws[number], fresh if number == 0 else [])
        return [
            attempt.after(population, after or steps, succeeded=after > 0)
            for attempt, population, after in zip(running, flock.populations(), flock.reached.tolist(), strict=True)
        ]

    def _drawn(self, running: list[Attempt], steps: int) -> torch.Tensor:
        """Return what is drawn for so many steps, see `trials`; the first population of an attempt needs nothing."""
        population, genes = running[0].population.members.shape
        draws = np.zeros((steps, len(running), population, CHOSEN + genes))
        for number, attempt in enumerate(running):
            for step in range(int(attempt.generation < 0), steps):
                self.streams[attempt.image].random(out=draws[step, number])
        held = torch.from_numpy(draws)
        return held.pin_memory().to(self.images.device, non_blocking=True) if self.images.is_cuda else held

    def _step(self, flock: Flock, draws: torch.Tensor, fresh: list[bool]) -> Flock:
        """Evaluate one population of every search, the first one or the rivals of the members."""
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
        """Return the fitness, float32 (S, n), of candidates (S, n, D), n of each search."""
        searches, n, genes = candidates.shape
        height, width = self.images.shape[2:]
        pixels = self.rule.read(candidates.reshape(-1, genes), (height, width))
        probabilities = logits(flock.slots.repeat_interleave(n), pixels).T.softmax(0).T  # 5× as fast as along rows
        return flock.fitness_of(probabilities.reshape(searches, n, -1))

    def _is_over(self, attempt: Attempt) -> bool:
        exhausted = attempt.generation >= self.rule.generations and not attempt.later
        return attempt.succeeded or exhausted

    def _continued(self, attempt: Attempt) -> Attempt:
        if attempt.generation < self.rule.generations:
            return attempt
        return attempt.again(self._first(attempt.image))
