"""How many images a network takes for none of the classes it knows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from astrobench import Prediction, Score, SuiteError
from astrobench.errors import did_you_mean
from scipy.special import log_softmax

from astrobench_scores.averages import fraction, undefined

if TYPE_CHECKING:
    from collections.abc import Mapping


def unknown(clean: Prediction, perturbed: Prediction, *, of: str | None = None) -> Mapping[str, Score]:
    """Score the images whose predicted entropy exceeds ln(classes)/2: they are refused, as of an unknown class.

    unknown: the fraction of all images that is refused. of: the class that no training image of the source shows, where
    the test set has one; then unknown_found is the fraction of its images that is refused, known_right the fraction of
    all others that is neither refused nor wrong, and open_set their harmonic mean. Empty for a regression.

    Raises: SuiteError for a class that the dataset does not have.

    Source: the rule of DANCE, Saito et al. (2020), arXiv:2002.07953, §3.3; harmonic mean of Fu et al. (2020), ECCV.
    """
    if perturbed.task != "classification":
        return {}
    if of is not None and of not in perturbed.classes:
        raise SuiteError(f"unknown has no class of = {of!r}{did_you_mean(of, perturbed.classes)}")
    refused = entropy_of(perturbed.logits) > math.log(perturbed.logits.shape[1]) / 2
    total = {"unknown": fraction(int(refused.sum()), len(refused))}
    return total if of is None else total | _told_apart(perturbed, refused, perturbed.classes.index(of))


def entropy_of(logits: np.ndarray) -> np.ndarray:
    """Return −Σ_k p_k ln p_k of each image in nat, float64 (N,); logits that are not finite give ln K, no knowledge."""
    finite = np.isfinite(logits).all(axis=1)
    logarithms = log_softmax(np.where(finite[:, None], logits, 0).astype(np.float64), axis=1)
    return np.asarray(-(np.exp(logarithms) * logarithms).sum(axis=1))


def _told_apart(images: Prediction, refused: np.ndarray, of: int) -> dict[str, Score]:
    strange = images.labels == of
    right = (images.logits.argmax(axis=1) == images.labels) & ~refused
    found = fraction(int(refused[strange].sum()), int(strange.sum()), better="higher", empty="no image of this class")
    known = fraction(
        int(right[~strange].sum()), int((~strange).sum()), better="higher", empty="no image of a known class"
    )
    both = {"unknown_found": found, "known_right": known}
    if any(math.isnan(score.value) for score in both.values()):
        return both | {"open_set": undefined("no images on one side", better="higher")}
    product, total = found.value * known.value, found.value + known.value
    return both | {"open_set": Score(2 * product / total if total else 0.0, better="higher", n=len(refused))}
