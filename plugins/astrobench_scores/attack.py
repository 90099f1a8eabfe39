"""How easily an attack flips images, and how long it takes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from astrobench import Score

from astrobench_scores.averages import fraction, undefined
from astrobench_scores.survival import Curve, kaplan_meier, median, restricted_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench import Prediction

NORMAL_95 = 1.959963984540054  # the 97.5 % point of the standard normal


def attack(clean: Prediction, perturbed: Prediction) -> Mapping[str, Score]:
    """Score an attack over all images it tried; empty where the perturbation is none.

    attack_success: the fraction flipped, its 95 % Wilson interval in the note. attack_generations and attack_queries:
    the Kaplan–Meier median over all attacked images, one that was not flipped counting as still unflipped after its
    last generation; it is the first count by which half are flipped, so the lower median where all are, and NaN with
    the note "> cap" where fewer than half are. attack_generations_restricted_mean: the mean up to the cap, which
    always exists. The cap is the largest count recorded. A count that the attack did not record has no score.

    Source: galaxies.md §1.7 and §5 (4); Kaplan & Meier (1958); Wilson (1927).
    """
    if "success" not in perturbed.facts:
        return {}
    order = np.argsort(np.asarray(perturbed.ids, dtype=str), kind="stable")
    facts = {name: np.asarray(fact)[order] for name, fact in perturbed.facts.items()}
    flipped = facts["success"].astype(bool)
    curves = {
        unit: kaplan_meier(facts[unit].astype(np.float64), flipped) if len(flipped) else None
        for unit in ("generations", "queries")
        if unit in facts
    }
    scores = {"attack_success": _success(flipped)}
    scores |= {f"attack_{unit}": _median(curve, unit, len(flipped)) for unit, curve in curves.items()}
    if "generations" in curves:
        scores["attack_generations_restricted_mean"] = _mean(curves["generations"], len(flipped))
    return scores


def _success(flipped: np.ndarray) -> Score:
    n, count = len(flipped), int(flipped.sum())
    score = fraction(count, n, better="lower", empty="no image was attacked")
    return replace(score, note="95% interval {:.4f} to {:.4f}".format(*wilson(count, n))) if n else score


def wilson(count: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a fraction count/n, n ≥ 1, that stays sensible at 0 and 1.

    Source: Wilson (1927), doi:10.1080/01621459.1927.10502953.
    """
    p, z2 = count / n, NORMAL_95**2 / n
    half = math.sqrt(p * (1 - p) * z2 + z2**2 / 4)
    return max(0.0, (p + z2 / 2 - half) / (1 + z2)), min(1.0, (p + z2 / 2 + half) / (1 + z2))


def _median(curve: Curve | None, unit: str, n: int) -> Score:
    if curve is None:
        return undefined("no image was attacked", unit=unit, better="higher")
    value = median(curve)
    note = f"> {curve.times[-1]:g}: fewer than half were flipped" if math.isnan(value) else ""
    return Score(value, unit, "higher", None, n, note)


def _mean(curve: Curve | None, n: int) -> Score:
    if curve is None:
        return undefined("no image was attacked", unit="generations", better="higher")
    value, error = restricted_mean(curve)
    return Score(value, "generations", "higher", error if n > 1 else None, n, f"up to {curve.times[-1]:g}")
