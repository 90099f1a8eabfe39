"""How far a perturbation moves an image in latent space."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
from astrobench import Score, SuiteError
from astrobench.errors import did_you_mean

from astrobench_scores.averages import average, undefined
from astrobench_scores.centroids import NO_SCALE, centroid_distance
from astrobench_scores.moves import UNIT, attacked, measure_moves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench import Prediction
    from astrobench.types import Better

SCALED_UNIT = "centroid distances"


def latent_distance(
    clean: Prediction, perturbed: Prediction, *, over: Literal["flipped", "all"] = "flipped"
) -> Mapping[str, Score]:
    """Measure the Euclidean distance between the latents of the same image, clean and perturbed.

    distance_mean, distance_median, distance_se (population deviation over √n, as published), and for a
    classification distance_scaled: the mean over the mean distance between the class centroids of all clean images,
    whose own error is left out. After an attack the images are those it flipped, or with over = "all" every attacked
    one; elsewhere all images in both predictions. Empty where the clean images are compared with themselves; unscaled
    where nobody knows their classes.

    The raw distances have no better end, for a network that only stretches its latent space changes them. Scaled, a
    longer way to a flip is the more robust one; under any other perturbation it has no better end either.

    Between domains images are paired by id, and one whose id names several images of a domain is left out; the note
    says how many ids, and n how many pairs are left.

    Raises: SuiteError for an unknown `over`.

    Source: galaxies.md §1.8 (arXiv:2112.14299, §4.1) and §5 (5).
    """
    if over not in ("flipped", "all"):
        raise SuiteError(f"over is {over!r}: not a choice of images{did_you_mean(over, ('flipped', 'all'))}")
    if clean is perturbed:
        return {}
    (lengths,), fault, note = measure_moves((clean, perturbed), flipped_only=over == "flipped")
    scores = _published(lengths, fault, note)
    if clean.task == "classification" and clean.labelled:
        better: Better | None = "higher" if attacked(perturbed) and over == "flipped" else None
        scores["distance_scaled"] = _scaled(scores["distance_mean"], centroid_distance(clean), better)
    return scores


def _published(lengths: np.ndarray, fault: str, note: str) -> dict[str, Score]:
    n = len(lengths)
    if fault:
        names = ("distance_mean", "distance_median", "distance_se")
        return {name: undefined(fault, unit=UNIT, n=n) for name in names}
    centre = average(lengths, unit=UNIT, note=note)
    one = note if n > 1 else "; ".join(filter(None, ("one image has no standard error", note)))
    return {
        "distance_mean": centre,
        "distance_median": Score(float(np.median(lengths)), UNIT, n=n, note=note),
        "distance_se": Score(math.nan if centre.se is None else centre.se, UNIT, n=n, note=one),
    }


def _scaled(centre: Score, scale: float, better: Better | None) -> Score:
    if math.isnan(centre.value) or math.isnan(scale):
        return undefined(
            centre.note if math.isnan(centre.value) else NO_SCALE, unit=SCALED_UNIT, better=better, n=centre.n or 0
        )
    error = None if centre.se is None else centre.se / scale
    return Score(centre.value / scale, SCALED_UNIT, better, error, centre.n, centre.note)
