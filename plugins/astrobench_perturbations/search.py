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

from astrobench_perturbations.attempt import UNTARGETED, Attempt, fitness_of
from astrobench_perturbations.doubted import Doubted
from astrobench_perturbations.evolution import OutOfRange, decode, decode_many, first, trials
from astrobench_perturbations.ranked import Ranked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from astrobench_perturbations.evaluators import Evaluator
    from astrobench_perturbations.evolution import Pixels

    Logits = Callable[[np.ndarray, Pixels], torch.Tensor]

CANDIDATES_AT_ONCE = 4096


@dataclass(frozen=True)
class Rule:
    """How a search goes, see `one_pixel`. bounds: the lowest and highest value a pixel may take. pixels: how many."""

    population: int
    generations: int
    weight: float
    out_of_range: OutOfRange
    bounds: tuple[float, float]
    pixels: int = 1
    targeted: bool = True
    only_correct: bool = True

    def read(self, genomes: np.ndarray, shape: tuple[int, int]) -> Pixels:
        """Return the pixels of genomes (n, D) in images of `shape` (H, W)."""
        if self.pixels == 1:
            return decode(genomes, shape, self.bounds)
        return decode_many(genomes, self.pixels, shape, self.bounds)

    @property
    def slots(self) -> int:
        """How many images are attacked side by side."""
        return max(CANDIDATES_AT_ONCE // self.population, 1)


@dataclass(frozen=True, eq=False)
class Search:
    """Attacks on images float32 (M, C, H, W), each with a stream.

    labels: int64 (M,), the classes attacks start from; None for those that the network says.
    """

    evaluator: Evaluator
    images: torch.Tensor
    labels: np.ndarray | None
    streams: Sequence[np.random.Generator]
    rule: Rule

    def run(self) -> list[Attempt]:
        """Return the attempt that each attacked image ended with: the first that succeeded, or the last.

        Whether the best member succeeds is asked before each generation and after the last.
        """
        ended, running, flipped = list[Attempt](), list[Attempt](), 0
        waiting = deque(range(len(self.images)))
        with torch.inference_mode():
            while running := [*running, *self._entering(running, waiting)]:
                met = self._step(running)
                over = [attempt for attempt in met if self._is_over(attempt)]
                running = [self._going_on(attempt) for attempt in met if not self._is_over(attempt)]
                ended += over
                flipped += sum(attempt.succeeded for attempt in over)
                done = len(self.images) - len(waiting) - len(running)
                report("attacking", done, len(self.images), f"{flipped} flipped")
        return sorted(ended, key=lambda attempt: attempt.image)

    def _entering(self, running: list[Attempt], waiting: deque[int]) -> list[Attempt]:
        """Let images that wait into free slots, until all slots are taken or none waits."""
        new: list[Attempt] = []
        while waiting and (free := sorted(set(range(self.rule.slots)) - {one.slot for one in (*running, *new)})):
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
        unknown = np.full(self.rule.population, -np.inf, np.float32)
        kind = Doubted if isinstance(self.evaluator, Ranked) else Attempt
        return kind(image, slot, start, target, tuple(later), self._first(image), unknown)

    def _first(self, image: int) -> np.ndarray:
        return first(self.streams[image], self.rule.population, self.images.shape[1], self.rule.pixels)

    def _step(self, running: list[Attempt]) -> list[Attempt]:
        """Evaluate one population of every running attempt, the first one or the rivals of the members."""
        candidates = self._candidates(running)
        probabilities = self._probabilities(running, candidates, self.evaluator.logits)
        met = [
            attempt.after(candidates[number], fitness_of(probabilities[number], attempt))
            for number, attempt in enumerate(running)
        ]
        return self._confirmed(met, self.evaluator) if isinstance(self.evaluator, Ranked) else met

    def _confirmed(self, running: list[Attempt], evaluator: Ranked) -> list[Attempt]:
        """Find out for certain about the best members, where candidates were only ranked."""
        doubted = [attempt for attempt in running if isinstance(attempt, Doubted)]
        tops = [attempt.top() for attempt in doubted]
        candidates = np.stack([attempt.members[top] for attempt, top in zip(doubted, tops, strict=True)])
        probabilities = self._probabilities(running, candidates, evaluator.confirmed)
        return [
            attempt.told(top, fitness_of(certain, attempt))
            for attempt, top, certain in zip(doubted, tops, probabilities, strict=True)
        ]

    def _candidates(self, running: list[Attempt]) -> np.ndarray:
        candidates = np.stack([attempt.members for attempt in running])
        evolving = [number for number, attempt in enumerate(running) if attempt.generation >= 0]
        if evolving:
            streams = [self.streams[running[number].image] for number in evolving]
            rule = self.rule
            candidates[evolving] = trials(candidates[evolving], streams, rule.weight, rule.out_of_range)
        return candidates

    def _probabilities(self, running: list[Attempt], candidates: np.ndarray, logits: Logits) -> np.ndarray:
        """Return class probabilities, float32 (S, n, K), of candidates (S, n, D), n of each running attempt."""
        searches, population, genes = candidates.shape
        height, width = self.images.shape[2:]
        pixels = self.rule.read(candidates.reshape(-1, genes), (height, width))
        slots = np.repeat([attempt.slot for attempt in running], population)
        probabilities = logits(slots, pixels).T.softmax(0).T  # of few classes five times as fast as over the last axis
        return probabilities.cpu().numpy().reshape(searches, population, -1)

    def _is_over(self, attempt: Attempt) -> bool:
        exhausted = attempt.generation >= self.rule.generations and not attempt.later
        return attempt.succeeded or exhausted

    def _going_on(self, attempt: Attempt) -> Attempt:
        if attempt.generation < self.rule.generations:
            return attempt
        return attempt.again(self._first(attempt.image))
