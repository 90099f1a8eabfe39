"""Was the network right, and did it know?"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from astrobench import Score
from scipy.special import log_softmax, softmax
from scipy.stats import rankdata

from astrobench_scores.averages import average, error_over_objects, fraction, mean, undefined
from astrobench_scores.calibration import brier_terms, expected_calibration_error
from astrobench_scores.columns import columns
from astrobench_scores.confusion import count_confusions
from astrobench_scores.pairing import by_id
from astrobench_scores.parameters import check_bins, check_resamples
from astrobench_scores.resampling import spreads

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from astrobench import Prediction
    from astrobench.types import Better

BETTER: dict[str, Better] = {
    "accuracy": "higher",
    "precision": "higher",
    "recall": "higher",
    "f1": "higher",
    "roc_auc": "higher",
    "brier": "lower",
    "nll": "lower",
    "ece": "lower",
}

OF_A_CLASS = ("precision", "recall", "f1")
RESAMPLED = ("accuracy", "precision", "recall", "f1", "roc_auc", "brier")


def classification(
    clean: Prediction,
    perturbed: Prediction,
    *,
    bins: Annotated[int, "[1, 10000]"] = 15,
    bootstrap: Literal[0] | Annotated[int, "[100, 100000]"] = 0,
) -> Mapping[str, Score]:
    """Score the class and the probabilities of each perturbed image; empty for a regression.

    accuracy, and precision, recall and f1 weighted by the images of each class (so recall is accuracy; a class that
    is never predicted has precision 0, as in scikit-learn); the same of each class alone, as recall_<class>; roc_auc,
    one class against the rest, mean over the classes that have images (for two classes the plain one); brier,
    Σ_k (p_k − y_k)² averaged, from 0 to 2; nll in nat; ece over `bins` equal bins (b/bins, (b+1)/bins] of the highest
    softmax probability. A standard error is given where the score is a mean over images; images of one object (one id,
    or as the dataset groups them) move together in it. After an attack only the attacked images are counted.

    bootstrap: 0, or how many times (100 to 100000) to draw the test objects anew, with all images of an object
    together; it gives all but nll and ece a standard error and a 95 % interval (percentiles 2.5 and 97.5). Methods and
    seeds meet the same draws.

    Raises: SuiteError for fewer than 1 or more than 10000 bins, or a number of resamples that is not allowed.

    Source: galaxies.md §1.11, §2.7; Brier (1950); Guo et al. (2017), arXiv:1706.04599, equation 3.
    """
    check_bins(bins)
    check_resamples(bootstrap)
    if perturbed.task != "classification":
        return {}
    note = "attacked images only" if "success" in perturbed.facts else ""
    words = columns(perturbed.classes)
    fault = _fault(perturbed.logits)
    if fault:
        each = [f"{name}_{word}" for name in OF_A_CLASS for word in words]
        directions: dict[str, Better] = {**BETTER, **dict.fromkeys(each, "higher")}
        return {name: undefined(fault, better=better) for name, better in directions.items()}
    images = by_id(perturbed)
    scores = _over_objects({**_of_classes(images, words), **_of_probabilities(images, bins)}, images, words)
    scores = _spread(scores, images, words, bootstrap)
    return {name: replace(score, note="; ".join(filter(None, (score.note, note)))) for name, score in scores.items()}


def _spread(scores: dict[str, Score], images: Prediction, words: Sequence[str], resamples: int) -> dict[str, Score]:
    """Give scores that exist their standard error and interval over test objects."""
    if not resamples:
        return scores
    each = {f"{name}_{k}": f"{name}_{word}" for name in OF_A_CLASS for k, word in enumerate(words)}
    wanted = {**{name: name for name in RESAMPLED}, **each}
    there = {code: name for code, name in wanted.items() if math.isfinite(scores[name].value)}
    found = spreads(images, there, resamples)
    return scores | {name: replace(scores[name], se=se, interval=ends) for name, (se, ends) in found.items()}


def _over_objects(scores: dict[str, Score], images: Prediction, words: Sequence[str]) -> dict[str, Score]:
    """Give scores that are means over images the standard error over objects, where some show several images."""
    named = np.asarray(images.ids if images.objects is None else images.objects, dtype=str)
    if len(np.unique(named)) == len(named):
        return scores
    logits, every = images.logits.astype(np.float64), np.ones(len(named), bool)
    right = (logits.argmax(axis=1) == images.labels).astype(np.float64)
    means = {
        "accuracy": (right, every),
        "recall": (right, every),
        "brier": (brier_terms(softmax(logits, axis=1), images.labels), every),
        "nll": (-log_softmax(logits, axis=1)[np.arange(len(named)), images.labels], every),
        **{f"recall_{word}": (right, images.labels == k) for k, word in enumerate(words)},
    }
    errors = {name: error_over_objects(v[some], named[some]) for name, (v, some) in means.items() if some.any()}
    return scores | {name: replace(scores[name], se=error) for name, error in errors.items()}


def _fault(logits: np.ndarray) -> str:
    if len(logits) == 0:
        return "no images"
    bad = int((~np.isfinite(logits)).any(axis=1).sum())
    return f"{bad} of {len(logits)} images have logits that are not finite" if bad else ""


def _of_classes(images: Prediction, words: Sequence[str]) -> dict[str, Score]:
    counts = count_confusions(images)
    n, hits, support, taken = int(counts.sum()), np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    accuracy = fraction(int(hits.sum()), n, better="higher")
    precision, f1 = _ratio(hits, taken), _ratio(2 * hits, support + taken)
    scores = {
        "accuracy": accuracy,
        "precision": Score(_weighted(precision, support), better="higher", n=n),
        "recall": accuracy,
        "f1": Score(_weighted(f1, support), better="higher", n=n),
    }
    for k, word in enumerate(words):
        scores[f"precision_{word}"] = Score(float(precision[k]), better="higher", n=int(taken[k]))
        scores[f"recall_{word}"] = fraction(
            int(hits[k]), int(support[k]), better="higher", empty="no image of this class"
        )
        scores[f"f1_{word}"] = Score(float(f1[k]), better="higher", n=int(support[k]))
    return scores


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.asarray(part / np.maximum(whole, 1))  # both are counts: part is 0 wherever whole is


def _weighted(values: np.ndarray, support: np.ndarray) -> float:
    return float((values * support).sum() / support.sum())


def _of_probabilities(images: Prediction, bins: int) -> dict[str, Score]:
    logits, labels = images.logits.astype(np.float64), images.labels
    probabilities = softmax(logits, axis=1)
    surprise = -log_softmax(logits, axis=1)[np.arange(len(labels)), labels]
    ece = expected_calibration_error(probabilities.max(axis=1), logits.argmax(axis=1) == labels, bins)
    return {
        "roc_auc": _roc_auc(probabilities, labels),
        "brier": average(brier_terms(probabilities, labels), better="lower"),
        "nll": average(surprise, unit="nat", better="lower"),
        "ece": Score(ece, better="lower", n=len(labels), note=f"{bins} equal bins"),
    }


def _roc_auc(probabilities: np.ndarray, labels: np.ndarray) -> Score:
    outputs = probabilities.shape[1]
    wanted = [1] if outputs == 2 else list(range(outputs))  # of two classes, either gives the same area
    areas = [_area(probabilities[:, k], labels == k) for k in wanted if 0 < (labels == k).sum() < len(labels)]
    if not areas:
        return undefined("all images are of one class", better="higher", n=len(labels))
    left_out = len(wanted) - len(areas)
    note = f"{left_out} of {outputs} classes have no image" if left_out else ""
    return Score(mean(areas), better="higher", n=len(labels), note=note)


def _area(values: np.ndarray, positive: np.ndarray) -> float:
    """Return the chance that a positive outranks a negative, ties half: Mann–Whitney's U over its maximum."""
    n = int(positive.sum())
    return float((rankdata(values)[positive].sum() - n * (n + 1) / 2) / (n * (len(values) - n)))
