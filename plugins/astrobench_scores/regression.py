"""How far the numbers that a network infers are off, whether it knows, and what a new domain costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from astrobench import Score, SuiteError

from astrobench_scores.averages import undefined
from astrobench_scores.columns import columns
from astrobench_scores.errors_by_object import Errors, errors_of, measures, resampled, spread
from astrobench_scores.pairing import by_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench import Prediction
    from astrobench.types import Better

BETTER: dict[str, Better | None] = {
    "r2": "higher",
    "rmse": "lower",
    "rel": "lower",
    "bias": None,
    "chi2": None,
    "width": None,
    "z": None,
    "r2_drop": "lower",
}
ROBUST, FAILED = 0.1, 0.5
MOST = 10_000


def regression(clean: Prediction, perturbed: Prediction, *, resamples: int = 400) -> Mapping[str, Score]:
    """Score the posterior mean μ and width σ of each target θ, by its name in lower case; empty for a classification.

    Of each target: r2_<name>, 1 − Σ(μ − θ)²/Σ(θ − ⟨θ⟩)²; rmse_<name> and bias_<name>, √⟨(μ − θ)²⟩ and ⟨μ − θ⟩ in the
    target's unit; rel_<name>, √⟨((μ − θ)/θ)²⟩; chi2_<name>, ⟨((μ − θ)/σ)²⟩, 1 for a network that knows how far it is
    off, and z_<name>, the median of |μ − θ|/σ, then 0.67 for Gaussian errors, both with σ not below 0.001 of the
    target's range; width_<name>, ⟨σ⟩. r2_drop_<name> is the clean images' R² less the perturbed ones'; its note says
    "robust" where at most 0.1 is lost, "failed" where less than half is left, "partial" between. A target whose truth
    is not known in a domain is NaN there.

    Standard errors and 95 % intervals are bootstraps over objects (all maps of a simulation are drawn together);
    resamples: how many, 0 for none.

    Raises: SuiteError for fewer than 0 or more than 10000 resamples.

    Source: cosmology-cka.md (a.7), (b.1); Villaescusa-Navarro et al. (2022), arXiv:2109.10915.
    """
    if not 0 <= resamples <= MOST:
        raise SuiteError(f"resamples is {resamples}: expected 0 to {MOST}")
    if perturbed.task != "regression":
        return {}
    names = columns([name.lower() for name in perturbed.classes])
    images = by_id(perturbed)
    before = None if clean is perturbed else by_id(clean)
    scores: dict[str, Score] = {}
    for target, name in enumerate(names):
        scores |= _named(_of_target(images, target, resamples), name)
        if before is not None:
            scores |= _named({"r2_drop": _drop(before, images, target, resamples)}, name)
    return scores


def _named(scores: Mapping[str, Score], name: str) -> dict[str, Score]:
    return {f"{measure}_{name}": score for measure, score in scores.items()}


def _of_target(images: Prediction, target: int, resamples: int) -> dict[str, Score]:
    fault = _fault(images, target)
    if fault:
        return {name: undefined(fault, better=better) for name, better in BETTER.items() if name != "r2_drop"}
    errors = errors_of(images, target)
    drawn = measures(resampled(errors, resamples))
    found = {
        name: _score(name, float(value), drawn[name], len(errors.z))
        for name, value in measures(errors.sums.sum(axis=0)).items()
    }
    return {**found, "z": Score(float(np.median(errors.z)), "", BETTER["z"], n=len(errors.z))}


def _drop(clean: Prediction, perturbed: Prediction, target: int, resamples: int) -> Score:
    """Return how much R² is lost, with the spread of the difference: common objects are drawn together."""
    fault = _fault(clean, target) or _fault(perturbed, target)
    if fault:
        return undefined(fault, better=BETTER["r2_drop"])
    pair: list[Errors] = [errors_of(images, target) for images in (clean, perturbed)]
    before, after = (float(measures(errors.sums.sum(axis=0))["r2"]) for errors in pair)
    drawn = [measures(resampled(errors, resamples))["r2"] for errors in pair]
    told = "robust" if after >= before - ROBUST else "failed" if after < FAILED * before else "partial"
    return _score("r2_drop", before - after, drawn[0] - drawn[1], len(pair[1].z), told)


def _score(name: str, value: float, drawn: np.ndarray, n: int, note: str = "") -> Score:
    if not np.isfinite(value):
        return undefined("all images have one true value" if "r2" in name else "a true value is 0", better=BETTER[name])
    told = spread(drawn)
    return Score(value, "", BETTER[name], told and told.se, n, note, told and told.interval)


def _fault(images: Prediction, target: int) -> str:
    if len(images.ids) == 0:
        return "no images"
    if not np.isfinite(images.labels[:, target]).all():
        return "its true value is not known in this domain"
    bad = int((~np.isfinite(images.logits)).any(axis=1).sum())
    return f"{bad} of {len(images.ids)} images have predictions that are not finite" if bad else ""
