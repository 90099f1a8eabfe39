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
from astrobench_perturbations.evolution import CHOSEN, first
from astrobench_perturbations.flock import Flock
from astrobench_perturbations.generation import Generation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench_perturbations.evaluators import Evaluator
    from astrobench_perturbations.rule import Rule

UNSEEN = 8
"""Generations on CUDA between two looks of the host at who has ended: each look waits for all that was asked for."""


@dataclass(frozen=True, eq=False)
class Search:
    """Attacks on images float32 (M, C, H, W), each with a stream.

    labels: int64 (M,), the classes attacks start from; None for those that the network says. unseen: generations
    between two looks at who has ended. Neither it nor the other images change a result, on a CPU to the last bit.
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
        generation = Generation(self.evaluator, self.rule, (self.images.shape[2], self.images.shape[3]))
        for number in range(steps):
            flock = generation.after(flock, draws[number], fresh if number == 0 else [])
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

    def _is_over(self, attempt: Attempt) -> bool:
        exhausted = attempt.generation >= self.rule.generations and not attempt.later
        return attempt.succeeded or exhausted

    def _continued(self, attempt: Attempt) -> Attempt:
        if attempt.generation < self.rule.generations:
            return attempt
        return attempt.again(self._first(attempt.image))
