"""The attack once more, written plainly for one image from the description, to hold the real one against."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import nn

if TYPE_CHECKING:
    import random


class Outcome(NamedTuple):
    """How one image fared."""

    success: bool
    generations: int
    queries: int


def attack(
    model: nn.Module,
    image: torch.Tensor,
    start: int,
    targets: tuple[int, ...],
    stream: random.Random,
    population: int,
    cap: int,
) -> Outcome:
    """Attack one image float32 (C, H, W), targeted, target after target."""
    queries = 0
    for target in targets:
        bands = image.shape[0]
        people = np.empty((population, 2 + bands))
        for person in people:
            person[:2] = stream.random(), stream.random()
            person[2:] = [min(max(stream.gauss(0.5, 0.5), 0), 1) for _ in range(bands)]
        scores = _scores(model, image, people, target)
        queries += population
        for generation in range(cap + 1):
            if scores.max() > 0.5:
                return Outcome(True, generation, queries)
            if generation == cap:
                break
            rivals = np.empty_like(people)
            for i in range(population):
                a, b, c = stream.sample(range(population), 3)
                rivals[i] = people[a] + 0.5 * (people[b] - people[c])
                for gene in range(2 + bands):
                    if not 0 <= rivals[i, gene] <= 1:
                        rivals[i, gene] = stream.random()
            rival_scores = _scores(model, image, rivals, target)
            queries += population
            for i in range(population):
                if rival_scores[i] > scores[i]:
                    people[i], scores[i] = rivals[i], rival_scores[i]
    return Outcome(False, cap, queries)


def _scores(model: nn.Module, image: torch.Tensor, people: np.ndarray, target: int) -> np.ndarray:
    height, width = image.shape[1:]
    candidates = np.repeat(image.numpy()[None], len(people), 0)
    for one, (row, col, *values) in zip(candidates, people, strict=True):
        one[:, min(round(row * height), height - 1), min(round(col * width), width - 1)] = values
    with torch.inference_mode():
        scores: np.ndarray = model(torch.from_numpy(candidates)).logits.softmax(1)[:, target].numpy()
    return scores
