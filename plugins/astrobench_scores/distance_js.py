"""How different a method's latent distances are from the reference's, as distributions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import numpy as np
from astrobench import Score
from scipy.special import rel_entr

from astrobench_scores.averages import undefined
from astrobench_scores.moves import measure_moves
from astrobench_scores.parameters import check_bins

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench import Prediction


def distance_js(
    clean: Prediction,
    perturbed: Prediction,
    reference_clean: Prediction,
    reference_perturbed: Prediction,
    *,
    bins: Annotated[int, "[1, 10000]"] = 20,
) -> Mapping[str, Score]:
    """Measure the Jensen–Shannon distance between the latent distances of a method and of the reference.

    Both are taken on the images flipped for both (where nothing was attacked: common to all four predictions) and
    counted in `bins` equal bins from the lowest to the highest of the two pooled. distance_js is the square root of
    the divergence in nat, from 0 to √ln 2 = 0.8326; distance_js_base2 is the same in bit, from 0 to 1. Bins, range
    and base stand in the note: the published choice of them is not known. Two samples of one distribution do not give
    0 but about √((bins − 1)/(4n)) in nat. Empty where the clean images are compared with themselves.

    Images are paired as in `latent_distance`: between domains, one whose id names several images is left out.

    Raises: SuiteError for fewer than 1 or more than 10000 bins.

    Source: galaxies.md §1.8 (arXiv:2112.14299, equation 4) and §5 (6).
    """
    check_bins(bins)
    if clean is perturbed:
        return {}
    (these, those), fault, left_out = measure_moves((clean, perturbed), (reference_clean, reference_perturbed))
    n = len(these)
    if fault:
        return {name: undefined(fault, n=n) for name in ("distance_js", "distance_js_base2")}
    low, high = float(min(these.min(), those.min())), float(max(these.max(), those.max()))
    distance = jensen_shannon(count_in_bins(these, low, high, bins), count_in_bins(those, low, high, bins))
    note = f"{left_out and left_out + '; '}{bins} equal bins from {low:.9g} to {high:.9g}, base"
    return {
        "distance_js": Score(distance, n=n, note=f"{note} e"),
        "distance_js_base2": Score(distance / math.sqrt(math.log(2)), n=n, note=f"{note} 2"),
    }


def count_in_bins(values: np.ndarray, low: float, high: float, bins: int) -> np.ndarray:
    """Return int64 (bins,), how many values fall in each equal bin from low to high, the last one closed.

    All values lie within. Where low equals high they share the first bin.
    """
    width = (high - low) or 1.0
    return np.bincount(np.minimum((values - low) / width * bins, bins - 1).astype(np.int64), minlength=bins)


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """Return √(½KL(P‖M) + ½KL(Q‖M)), M = (P + Q)/2, in nat, of two histograms (bins,) with at least one count."""
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    divergence = math.fsum(rel_entr(p, middle)) / 2 + math.fsum(rel_entr(q, middle)) / 2
    return math.sqrt(max(divergence, 0.0))  # rounding alone can take it below 0
