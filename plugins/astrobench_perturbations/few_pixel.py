"""The attack on a few pixels at once: differential evolution over k places and their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from astrobench import Perturbed, needs, severity

from astrobench_perturbations.by_search import Wish, searched
from astrobench_perturbations.rule import Rule

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn


@severity("pixels", "pixels", harmless=0.0)
@needs("classes")
def few_pixel(
    batch: Batch,
    model: nn.Module,
    rng: Streams,
    *,
    pixels: Annotated[int, "[1, 100]"],
    images: Annotated[int, "[1, inf)"] = 30,
    population: Annotated[int, "[3, inf)"] = 100,
    generations: Annotated[int, "[0, inf)"] = 20,
    differential_weight: float = 0.5,
    targeted: bool = True,
    bounds: Literal["unit", "data"] = "unit",
    only_correct: bool = True,
    out_of_range: Literal["resample", "clip"] = "resample",
    ranking: Literal["auto", "float32", "bf16"] = "auto",
) -> Perturbed:
    """Replace so many pixels of the network input by the values that differential evolution finds to change the class.

    As `one_pixel`, with all its rules: a candidate is the rows, the columns and the values of all pixels, and with one
    pixel the two attacks are one, draw for draw. Where two pixels of a candidate meet, the last of them counts. With
    more than one the whole network answers for every candidate ("evaluator" 0 or 2), far slower than the cone that
    serves one pixel; hence the smaller defaults.

    Facts are those of `one_pixel`, with row, col: int64 (M, pixels), values: float32 (M, pixels, C) for several pixels.

    Raises DataError for a regression, which has no class to change.

    Source: Su et al. 2019 (arXiv:1710.08864), who attack 1, 3 and 5 pixels.
    """
    limits = batch.limits if bounds == "data" else (0.0, 1.0)
    rule = Rule(population, generations, differential_weight, out_of_range, limits, pixels, targeted, only_correct)
    return searched(batch, model, rng, Wish(images, ranking), rule)
