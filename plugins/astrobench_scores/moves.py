"""How far images moved in latent space, on the same images for every pair of predictions compared."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from astrobench import paired_rows

from astrobench_scores.pairing import keep

if TYPE_CHECKING:
    from astrobench import Prediction

UNIT = "latent"


class Moves(NamedTuple):
    """Euclidean distances, float64 (n,) for each pair, image by image in the order of their ids.

    fault: why there is nothing to average, or "". note: which images could not be paired, or "".
    """

    lengths: tuple[np.ndarray, ...]
    fault: str
    note: str = ""


def measure_moves(*pairs: tuple[Prediction, Prediction], flipped_only: bool = True) -> Moves:
    """Return the distance from the first to the second prediction of each pair, on the images common to all.

    Images of one test set are paired row by row; between domains an id that names several images pairs none of them.

    flipped_only: keep the images that were flipped in every pair whose second prediction says ("success").
    """
    found = paired_rows(*chain(*pairs))
    aligned = tuple(map(keep, chain(*pairs), found.rows))
    starts, ends = aligned[::2], aligned[1::2]
    rows = _flipped(*ends) if flipped_only else np.ones(len(ends[0].ids), bool)
    lengths = tuple(_distances(start, end)[rows] for start, end in zip(starts, ends, strict=True))
    fault = _fault(lengths, pairs)
    return Moves(lengths, "; ".join(filter(None, (fault, found.note))) if fault else "", found.note)


def attacked(prediction: Prediction) -> bool:
    """Whether a prediction comes from an attack: its facts say which images were flipped."""
    return "success" in prediction.facts


def _flipped(*ends: Prediction) -> np.ndarray:
    rows = np.ones(len(ends[0].ids), bool)
    for end in filter(attacked, ends):
        rows &= np.asarray(end.facts["success"], bool)
    return rows


def _distances(start: Prediction, end: Prediction) -> np.ndarray:
    with np.errstate(invalid="ignore"):  # what is not finite is told of in the fault
        difference = end.latent.astype(np.float64) - start.latent.astype(np.float64)
    return np.asarray(np.linalg.norm(difference, axis=1))


def _fault(lengths: tuple[np.ndarray, ...], pairs: tuple[tuple[Prediction, Prediction], ...]) -> str:
    n = len(lengths[0])
    if n == 0:
        return _absence(pairs)
    bad = int((~np.isfinite(np.stack(lengths))).any(axis=0).sum())
    return f"{bad} of {n} images have latents that are not finite" if bad else ""


def _absence(pairs: tuple[tuple[Prediction, Prediction], ...]) -> str:
    both = " for both" if len(pairs) > 1 else ""
    ends = [end for _, end in pairs]
    if any(map(attacked, ends)) and all(len(end.ids) for end in ends):
        return f"no image was flipped{both}"
    return f"no image was attacked{both}" if any(map(attacked, ends)) else "no image is in every prediction"
