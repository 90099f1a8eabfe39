"""How much further a method's images move than those of the reference."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from astrobench import Score

from astrobench_scores.averages import mean, undefined
from astrobench_scores.centroids import NO_SCALE, centroid_distance
from astrobench_scores.moves import attacked, measure_moves

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from astrobench import Prediction
    from astrobench.types import Better


def latent_distance_ratio(
    clean: Prediction, perturbed: Prediction, reference_clean: Prediction, reference_perturbed: Prediction
) -> Mapping[str, Score]:
    """Divide the mean latent distance by the reference's, on the images flipped for both.

    distance_ratio, and for a classification distance_ratio_scaled, in which each mean is first divided by the mean
    distance between the class centroids of its own clean images. Where nothing was attacked, all images common to
    the four predictions count. Empty where the clean images are compared with themselves; unscaled where nobody knows
    their classes.

    The standard error is that of a ratio of paired means by the delta method: with a and b the two distances of one
    image and r = ā/b̄, √(mean (a − r·b)²/n)/b̄; the scales' own errors are left out. The raw ratio has no better end,
    for a method that only stretches its latent space changes it; scaled, a longer way to a flip is more robust.

    Images are paired as in `latent_distance`: between domains, one whose id names several images is left out.

    Source: galaxies.md §1.8 and §5 (5); arXiv:2112.14299, §5.4.
    """
    if clean is perturbed:
        return {}
    (these, those), fault, note = measure_moves((clean, perturbed), (reference_clean, reference_perturbed))
    ratio = undefined(fault, n=len(these)) if fault else ratio_of_means(these, those)
    scores = {"distance_ratio": ratio if ratio.note else replace(ratio, note=note)}
    if clean.task == "classification" and clean.labelled:
        factor = centroid_distance(reference_clean) / centroid_distance(clean)
        better: Better | None = "higher" if attacked(perturbed) else None
        scores["distance_ratio_scaled"] = _scaled(scores["distance_ratio"], factor, better)
    return scores


def ratio_of_means(a: np.ndarray, b: np.ndarray) -> Score:
    """Return the ratio of the means of two paired float64 (n,), n ≥ 1, with its delta-method standard error."""
    n, below = len(a), mean(b)
    if below == 0:
        return undefined("the reference did not move", n=n)
    ratio = mean(a) / below
    error = math.sqrt(mean((a - ratio * b) ** 2) / n) / below if n > 1 else None
    return Score(ratio, se=error, n=n)


def _scaled(ratio: Score, factor: float, better: Better | None) -> Score:
    if math.isnan(ratio.value) or math.isnan(factor):
        return undefined(ratio.note if math.isnan(ratio.value) else NO_SCALE, better=better, n=ratio.n or 0)
    return replace(ratio, value=ratio.value * factor, better=better, se=None if ratio.se is None else ratio.se * factor)
