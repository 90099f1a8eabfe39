"""An attack by search from end to end: whom it meets, what it asks for, and what is kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from astrobench import Perturbed

from astrobench_perturbations.attacked import chosen
from astrobench_perturbations.evaluators import evaluator_for, whole_for
from astrobench_perturbations.replaced import replace_pixels
from astrobench_perturbations.search import UNSEEN, Search

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench import Batch, Streams
    from torch import nn

    from astrobench_perturbations.attempt import Attempt
    from astrobench_perturbations.evaluators import Ranking
    from astrobench_perturbations.evolution import Pixels
    from astrobench_perturbations.rule import Rule


class Wish(NamedTuple):
    """At most how many images are attacked, and how candidates are ranked, see `whole_for`."""

    images: int
    ranking: Ranking


def searched(batch: Batch, model: nn.Module, rng: Streams, wish: Wish, rule: Rule) -> Perturbed:
    """Return the attacked images with the best pixels that a search found for each, see `one_pixel`."""
    rows = chosen(batch, wish.images)
    inputs = batch.inputs[torch.from_numpy(rows).to(batch.inputs.device)]
    find = evaluator_for if rule.pixels == 1 else whole_for  # the cone of a changed pixel knows one pixel only
    evaluator = find(model, min(rule.slots(inputs.device), max(len(inputs), 1)), batch.inputs, wish.ranking)
    labels = None if batch.labels is None else batch.labels[rows]
    streams = [rng.of(batch.ids[row]) for row in rows]
    ended = Search(evaluator, inputs, labels, streams, rule, UNSEEN if inputs.is_cuda else 1).run()
    met, pixels = np.array([attempt.image for attempt in ended], np.int64), _best(ended, inputs, rule)
    facts = _facts(ended, pixels, evaluator.code)
    return Perturbed(inputs=replace_pixels(inputs[met], pixels), rows=rows[met], facts=facts)


def _best(ended: Sequence[Attempt], images: torch.Tensor, rule: Rule) -> Pixels:
    """Return the pixels of the best candidate of each attempt on some of the images (M, C, H, W)."""
    _, channels, height, width = images.shape
    genomes = images.new_empty((len(ended), rule.pixels * (2 + channels)), dtype=torch.float64)
    for row, attempt in zip(genomes, ended, strict=True):
        row.copy_(attempt.population.champion)
    return rule.read(genomes, (height, width))


def _facts(ended: Sequence[Attempt], pixels: Pixels, evaluator: int) -> dict[str, np.ndarray]:
    counted = ("generation", "queries", "number", "start", "target")
    columns = {name: np.array([getattr(attempt, name) for attempt in ended], np.int64) for name in counted}
    return {
        "success": np.array([attempt.succeeded for attempt in ended], bool),
        "generations": columns["generation"],
        "queries": columns["queries"],
        "attempts": columns["number"],
        "start": columns["start"],
        "target": columns["target"],
        **pixels.facts(),
        "evaluator": np.full(len(ended), evaluator, np.int8),
    }
