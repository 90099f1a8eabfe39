"""The one-pixel attack without chance: every position, every colour of a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from astrobench import Perturbed, SuiteError, needs, report

from astrobench_perturbations.attacked import attacked
from astrobench_perturbations.attempt import TARGET_REACHED
from astrobench_perturbations.evaluators import evaluator_for
from astrobench_perturbations.evolution import Pixels
from astrobench_perturbations.replaced import replaced

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn

    from astrobench_perturbations.evaluators import Evaluator

TOGETHER = 8192
"""Candidates in one request: enough to be fast, few enough to be held."""


@needs("classes")
def one_pixel_exhaustive(
    batch: Batch,
    model: nn.Module,
    rng: Streams,
    *,
    images: int = 150,
    levels: int = 2,
    bounds: Literal["unit", "data"] = "unit",
    only_correct: bool = True,
) -> Perturbed:
    """Try every pixel with every colour of a grid, and so certify which images none of them flips.

    Costs H · W · levels^C evaluations an image, 80,000 for 100 × 100 pixels in three bands at two levels a band,
    the corners of the colour cube: one to two seconds through the cone ("evaluator" 1), half a minute and more through
    a whole network. Nothing is drawn, and the same images are met as by `one_pixel`. An image is flipped when a class
    other than its start exceeds probability 0.5; whichever candidate brings another class highest is returned. What
    is certified is the grid: a colour between its levels may still flip an image.

    Facts, each (M,) but values: success: bool. queries: int64. start, target: int64, the class before and the other
    class that came highest. best: float32, its probability. row, col: int64. values: float32 (M, C). evaluator: int8,
    as in `one_pixel`.

    Raises:
        SuiteError: images below 1 or levels below 2.
        DataError: a regression, which has no class to change.
    """
    for name, value, least in (("images", images, 1), ("levels", levels, 2)):
        if value < least:
            raise SuiteError(f"one_pixel_exhaustive: {name} = {value}, want {least} or more")
    chosen = attacked(batch, model, images, only_correct=only_correct)
    inputs = batch.inputs[torch.from_numpy(chosen.rows).to(batch.inputs.device)]
    every = _every(inputs, levels, batch.limits if bounds == "data" else (0.0, 1.0))
    evaluator, found = evaluator_for(model, 1, batch.inputs), list[tuple[float, int, int]]()
    for number, start in enumerate(chosen.starts.tolist()):
        found.append(_best(evaluator, inputs[[number]], start, every))
        flipped = sum(best > TARGET_REACHED for best, _, _ in found)
        report("attacking", number + 1, len(inputs), f"{flipped} flipped")
    best, target, at = np.array(found, np.float64).reshape(-1, 3).T
    pixels = every.part(torch.from_numpy(at.astype(np.int64)).to(inputs.device))
    facts = {
        "success": best > TARGET_REACHED,
        "queries": np.full(len(found), len(every.rows), np.int64),
        "start": chosen.starts,
        "target": target.astype(np.int64),
        "best": best.astype(np.float32),
        **pixels.facts(),
        "evaluator": np.full(len(found), evaluator.code, np.int8),
    }
    return Perturbed(inputs=replaced(inputs, pixels), rows=chosen.rows, facts=facts)


def _every(images: torch.Tensor, levels: int, bounds: tuple[float, float]) -> Pixels:
    """Return every position of images (M, C, H, W) with every colour."""
    _, channels, height, width = images.shape
    level = torch.from_numpy(np.linspace(*bounds, levels)).float()
    colours = torch.cartesian_prod(*[level] * channels).view(-1, channels)
    places = torch.arange(height * width).repeat_interleave(len(colours))
    parts = places // width, places % width, colours.repeat(height * width, 1)
    return Pixels(*(part.to(images.device) for part in parts))


@torch.inference_mode()
def _best(evaluator: Evaluator, image: torch.Tensor, start: int, every: Pixels) -> tuple[float, int, int]:
    """Return the highest probability of a class other than the start, that class, and the candidate's number."""
    evaluator.place([0], image)
    best = (-1.0, -1, -1)
    for at in range(0, len(every.rows), TOGETHER):
        part = every.part(slice(at, at + TOGETHER))
        chance = evaluator.logits(torch.zeros_like(part.rows), part).softmax(1)
        chance[:, start] = -1
        highest, index = chance.flatten().max(0)
        candidate, target = divmod(int(index), chance.shape[1])
        best = max(best, (float(highest), target, at + candidate), key=lambda one: one[0])
    return best
