"""The one-pixel attack: differential evolution looks for one pixel that changes the class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from astrobench import Perturbed, SuiteError, needs

from astrobench_perturbations.by_search import Wish, searched
from astrobench_perturbations.rule import Rule

if TYPE_CHECKING:
    from astrobench import Batch, Streams
    from torch import nn


@needs("classes")
def one_pixel(
    batch: Batch,
    model: nn.Module,
    rng: Streams,
    *,
    images: int = 150,
    population: int = 400,
    generations: int = 80,
    differential_weight: float = 0.5,
    targeted: bool = True,
    bounds: Literal["unit", "data"] = "unit",
    only_correct: bool = True,
    out_of_range: Literal["resample", "clip"] = "resample",
    ranking: Literal["auto", "float32", "bf16"] = "auto",
) -> Perturbed:
    """Replace one pixel of the network input by the values that differential evolution finds to change the class.

    A candidate is (row, col, a value per band) in [0, 1]. The first population has positions U[0, 1) and values
    N(0.5, 0.5) clipped to [0, 1]; each generation every member meets a rival x1 + differential_weight · (x2 - x3) of
    three distinct members, without crossover, and gives way only to a strictly better one. Numbers outside
    [0, 1] are drawn anew ("resample") or clipped. Row and column are round(p · size), clipped to the last; published,
    and so the first row is met half as often as others and the last one and a half times (quirk Q-A9).

    targeted: try the other classes one after the other in ascending order, each up to `generations`; an attempt
    succeeds when the target's probability exceeds 0.5. Untargeted: one attempt, which succeeds when the probability of
    the start class falls below 0.05. Success is asked before each generation and after the last.
    images: at most so many are attacked, chosen by their ids alone. only_correct: leave out those that
    the network gets wrong already, which would succeed at once (quirk Q-A7). Without labels every image is attacked,
    from its predicted class. bounds: "unit" lets values span [0, 1] as published, which no galaxy reaches (quirk
    Q-A8); "data" stretches the values over the limits of the source training inputs.

    ranking: in what candidates of a network without a cone are compared. "float32" is exact. "bf16" sends them through
    the network in bfloat16, the first layers only near the pixel where its graph is known, several times faster on a
    processor with tiles for it (AMX), slower elsewhere; after each population the three best are evaluated in float32
    as well, a success is one of these, and what is returned is the best of these. Those few are not counted as
    queries. Rounding makes it another search, as likely to succeed, not the same. "auto" is "bf16" on such processors
    for networks of 50 million multiply-adds an image and more. In either, machines of one kind give the same bits.

    Returns the attacked images only, in order, flipped or not: the best candidate of the last attempt. Facts, each
    (M,) but values:
    success: bool.
    generations: int64, of the successful attempt, 0 when its first population succeeded; the cap when unflipped, where
    it is censored and not observed. The count printed by the authors is generations + 1, the cap apart.
    queries: int64, evaluations of the network over all attempts, population · (generations + 1) each.
    attempts: int64, targets tried.
    start, target: int64, classes; target is that of the last attempt, -1 when untargeted.
    row, col: int64. values: float32 (M, C), the network input that the pixel was given.
    evaluator: int8, how candidates were evaluated, 0 as whole images ("dense"), 1 only what the pixel
    changes ("cone"), both exact to rounding; 2 in bfloat16, and the best again in float32 ("ranked").

    Left out: the published abort after generation 80 with a best below 0.4, which never acts at the published cap.

    Raises:
        SuiteError: a population below 3, or images or generations below what can be run.
        DataError: a regression, which has no class to change.

    Source: DeepAdversaries (arXiv:2112.14299), section 4.1 and its onepixel_attack; Su et al. 2019
    (arXiv:1710.08864).
    """
    _check(images, population, generations)
    limits = batch.limits if bounds == "data" else (0.0, 1.0)
    rule = Rule(population, generations, differential_weight, out_of_range, limits, 1, targeted, only_correct)
    return searched(batch, model, rng, Wish(images, ranking), rule)


def _check(images: int, population: int, generations: int) -> None:
    for name, value, least in (("images", images, 1), ("population", population, 3), ("generations", generations, 0)):
        if value < least:
            raise SuiteError(f"one_pixel: {name} = {value}, want {least} or more")
