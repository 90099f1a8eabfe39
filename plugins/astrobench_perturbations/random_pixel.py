"""The control of the one-pixel attack: the same replacement of one pixel, without any search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from astrobench import Perturbed, SuiteError, needs

from astrobench_perturbations.attacked import attacked
from astrobench_perturbations.attempt import TARGET_REACHED
from astrobench_perturbations.evaluators import evaluator_for
from astrobench_perturbations.evolution import Pixels
from astrobench_perturbations.replaced import replaced

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn


@needs("classes")
def random_pixel(
    batch: Batch,
    model: nn.Module,
    rng: Streams,
    *,
    images: int = 150,
    tries: int = 1,
    bounds: Literal["unit", "data"] = "unit",
    only_correct: bool = True,
) -> Perturbed:
    """Replace one pixel of the network input by uniform random values: what chance alone does.

    Meets the same images as `one_pixel`. Each is given `tries` pixels, uniform over the image and over
    [0, 1] or the limits of the source training inputs ("data"), independent of one another; the first after which
    another class exceeds probability 0.5 is returned, else the first of all.

    Facts, each (M,) but values: success: bool. queries: int64, pixels met until success, or `tries`. start: int64, the
    class before. row, col: int64. values: float32 (M, C). evaluator: int8, as in `one_pixel`.

    Raises:
        SuiteError: images or tries below 1.
        DataError: a regression, which has no class to change.
    """
    for name, value in (("images", images), ("tries", tries)):
        if value < 1:
            raise SuiteError(f"random_pixel: {name} = {value}, want 1 or more")
    chosen = attacked(batch, model, images, only_correct=only_correct)
    inputs = batch.inputs[torch.from_numpy(chosen.rows).to(batch.inputs.device)]
    limits = batch.limits if bounds == "data" else (0.0, 1.0)
    drawn = [_draw(rng.of(batch.ids[row]), tries, inputs, limits) for row in chosen.rows]
    evaluator = evaluator_for(model, 1, batch.inputs)
    flips = np.zeros((len(drawn), tries), bool)
    with torch.inference_mode():
        for number, (pixels, start) in enumerate(zip(drawn, chosen.starts, strict=True)):
            evaluator.place([0], inputs[[number]])
            probabilities = evaluator.logits(torch.zeros_like(pixels.rows), pixels).softmax(1)
            probabilities[:, start] = 0
            flips[number] = (probabilities > TARGET_REACHED).any(1).cpu().numpy()
    return _perturbed(inputs, chosen.rows, chosen.starts, drawn, flips, evaluator.code)


def _draw(stream: np.random.Generator, tries: int, images: torch.Tensor, bounds: tuple[float, float]) -> Pixels:
    _, channels, height, width = images.shape
    rows, cols = stream.integers(height, size=tries), stream.integers(width, size=tries)
    values = stream.uniform(*bounds, (tries, channels)).astype(np.float32)
    return Pixels(*(torch.from_numpy(part).to(images.device) for part in (rows, cols, values)))


def _perturbed(
    inputs: torch.Tensor, rows: np.ndarray, starts: np.ndarray, drawn: list[Pixels], flips: np.ndarray, code: int
) -> Perturbed:
    success, kept = flips.any(1), flips.argmax(1)
    nothing = _draw(np.random.default_rng(0), 0, inputs, (0.0, 1.0))
    every = [nothing, *(one.part(slice(k, k + 1)) for one, k in zip(drawn, kept.tolist(), strict=True))]
    pixels = Pixels(*(torch.cat(parts) for parts in zip(*every, strict=True)))
    facts = {
        "success": success,
        "queries": np.where(success, kept + 1, flips.shape[1]).astype(np.int64),
        "start": starts,
        **pixels.facts(),
        "evaluator": np.full(len(rows), code, np.int8),
    }
    return Perturbed(inputs=replaced(inputs, pixels), rows=rows, facts=facts)
