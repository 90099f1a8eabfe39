"""Whether a network represents an image and its partner alike, layer by layer."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from astrobench import DataError, Score, Streams, minibatch_cka

from astrobench_scores.averages import mean, undefined
from astrobench_scores.cka_batches import batches_of
from astrobench_scores.cka_pairs import Pairs, ambiguous, comparable, same_images, same_labels
from astrobench_scores.cka_resampling import draws, resampled_diagonals, spread_of
from astrobench_scores.cka_summaries import third
from astrobench_scores.columns import columns
from astrobench_scores.parameters import check_resamples

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from astrobench import Prediction
    from astrobench.types import Better

    from astrobench_scores.cka_batches import Batches

RESERVED = (
    "diag", "diag_deep", "null", "diag_norm", "ceiling", "offdiag", "early_late", "effrank", "collapse",
    "early_late_delta", "structure", "collapse_without_pc1",
)  # fmt: skip
"""What a layer's score may not be called: summaries here and in `cka_layers`."""
NULL_SCOPE = "astrobench_scores.cka: null"


def cka(
    clean: Prediction,
    perturbed: Prediction,
    *,
    pairing: Literal["shared", "exact", "label", "none"] = "shared",
    targets: tuple[str, ...] = (),
    bootstrap: Literal[0] | Annotated[int, "[100, 100000]"] = 0,
) -> Mapping[str, Score]:
    """Measure the debiased minibatch linear CKA of each layer between images and their perturbed partners.

    cka_<layer> (dots in its name become "-"), cka_diag, the mean over layers, and cka_diag_deep, the mean over the
    last third (rounded up): 1 is alike up to rotation and scale. cka_null is cka_diag with the perturbed images
    shuffled within each batch, by one fixed Philox stream seeded from "astrobench_scores.cka: null"; it must be near
    0, and beyond 5/n, n the images of a batch, its note warns. A layer that is constant makes its own score and the
    means over it NaN, with a note. CKA is a diagnostic: it can be changed without changing what a network does.

    pairing: what a partner is. "exact": the same id, so the same galaxy or the same initial conditions; images without
    a partner are an error. "shared": the same where both hold the same images, and no scores where they do not. Where
    an id names several images of a domain, scores between domains are NaN: nothing tells which is whose partner.
    "label": the nearest label among other objects, without replacement (targets: which of a regression's, all by
    default), so early layers measure only what labels rule; cka_ceiling is then what the clean images reach with other
    clean images by the same rule, and cka_diag_norm = cka_diag/cka_ceiling. For the other pairings the ceiling is 1 and
    cka_diag_norm is cka_diag. "none": no scores.

    bootstrap: 0, or how many times (100 to 100000) to draw the objects anew for standard errors. Empty without Gram
    matrices on both sides (so for the subset that an attack returns), and for clean images against themselves.

    Raises: DataError for exact pairs of images that have none, SuiteError for a target or number that is not allowed.

    Source: Nguyen et al. (2021), arXiv:2010.15327; cosmology-cka.md (c.1) and (c.5), 6–7.
    """
    check_resamples(bootstrap)
    if clean is perturbed or pairing == "none" or clean.layers != perturbed.layers:
        return {}
    left, right = batches_of(clean), batches_of(perturbed)
    if left is None or right is None:
        return {}
    names = [*columns(left.layers, RESERVED), "diag", "diag_deep", "null", "diag_norm"]
    names += ["ceiling"] if pairing == "label" else []
    found = _paired(clean, perturbed, left, right, targets if pairing == "label" else None)
    if found is None:
        if pairing == "exact":
            raise DataError(_unpaired(left, right))
        return {}
    fault = next(filter(None, (left.fault(), right.fault(), *(pairs.fault for pairs in found))), "")
    if fault:
        return {f"cka_{name}": undefined(fault, better=_better(name)) for name in names}
    return {f"cka_{name}": score for name, score in zip(names, _scores(found, bootstrap), strict=True)}


def _better(name: str) -> Better | None:
    return None if name in ("null", "ceiling") else "higher"


def _paired(
    clean: Prediction, perturbed: Prediction, left: Batches, right: Batches, targets: tuple[str, ...] | None
) -> tuple[Pairs, ...] | None:
    """Return pairs by id, None where there are none; or by label (targets), with the clean images' own after them."""
    if targets is None:
        return (Pairs(left, right, fault=ambiguous(left, right)),) if same_images(left, right) else None
    if left.fault() or right.fault() or left.rows.shape != right.rows.shape:
        told = left.fault() or right.fault() or "the two domains have batches of different shapes"
        return (Pairs(left, right, fault=told),)
    if len(left.rows) < 2:
        return (Pairs(left, right, fault="one batch: there is no independent draw to pair it with"),)
    return tuple(
        same_labels(left, batches, *comparable(clean, images, targets))
        for batches, images in ((right, perturbed), (left, clean))
    )


def _unpaired(left: Batches, right: Batches) -> str:
    alone = sorted({*left.ids.ravel()} - {*right.ids.ravel()}) or sorted({*right.ids.ravel()} - {*left.ids.ravel()})
    told = f"image {str(alone[0])!r} has no partner of the same id" if alone else "batches hold different images"
    return f"cka: pairing = 'exact' was asked of images that are not paired: {told}; allowed here: 'label', 'none'"


def _diagonal(grams: np.ndarray, twins: np.ndarray) -> np.ndarray:
    """Return float64 (L,), the CKA of each layer with itself on the twins."""
    layers = len(grams)
    return np.diagonal(minibatch_cka(np.concatenate([grams, twins]))[:layers, layers:])


def _shuffled(batches: Batches) -> Batches:
    stream = Streams(NULL_SCOPE).all()
    count, n = batches.rows.shape
    return batches.ordered(np.stack([stream.permutation(n) for _ in range(count)]))


def _scores(found: tuple[Pairs, ...], bootstrap: int) -> list[Score]:
    """Return the scores of the layers, their mean, its deep part, the null, its part of the ceiling, and that."""
    (left, right, distance, _), n = found[0], found[0].left.rows.shape[1]
    values = [_diagonal(pairs.left.grams, pairs.right.grams) for pairs in found]
    (drawn,) = draws([left.objects], bootstrap)
    again = [resampled_diagonals(pairs.left.grams, pairs.right.grams, drawn) for pairs in found]
    layers, deep = left.layers, slice(-third(len(left.layers)), None)
    apart = f"partners' labels are {distance:.2g} apart (median)" if len(found) > 1 else ""
    whole = _over(values[0], again[0], layers, left)
    null = _over(_diagonal(left.grams, _shuffled(right).grams), again[0][:0], layers, left)
    ceilings = [replace(_over(values[1], again[1], layers, left), better=None)] if len(found) > 1 else []
    return [
        *(_over(values[0][[k]], again[0][:, [k]], layers[k : k + 1], left) for k in range(len(layers))),
        replace(whole, note="; ".join(filter(None, (whole.note, apart)))),
        _over(values[0][deep], again[0][:, deep], layers[deep], left),
        _warned(replace(null, better=None), 5 / n),
        _of_ceiling(whole, again, *ceilings),
        *ceilings,
    ]


def _over(values: Iterable[float], resampled: np.ndarray, layers: Iterable[str], batches: Batches) -> Score:
    """Return the mean over layers, with the spread of its resamples float64 (R, layers)."""
    values = list(values)
    faulty = [layer for value, layer in zip(values, layers, strict=True) if math.isnan(value)]
    if faulty:
        return undefined(f"constant or not finite: {', '.join(faulty)}", better="higher", n=batches.images)
    return Score(mean(values), better="higher", se=spread_of(resampled.mean(axis=1)), n=batches.images)


def _of_ceiling(whole: Score, again: list[np.ndarray], ceiling: Score | None = None) -> Score:
    """Return a mean CKA as a fraction of its ceiling, which is 1 where there is none."""
    if ceiling is None or math.isnan(whole.value):
        return whole
    if not ceiling.value > 0:
        return undefined(ceiling.note or f"the ceiling is {ceiling.value:.3g}", better="higher", n=whole.n or 0)
    ratios = again[0].mean(axis=1) / again[1].mean(axis=1)
    return replace(whole, value=whole.value / ceiling.value, se=spread_of(ratios))


def _warned(null: Score, bound: float) -> Score:
    beyond = abs(null.value) > bound
    return replace(null, note=f"beyond {bound:.3g}, the noise expected of unpaired images") if beyond else null
