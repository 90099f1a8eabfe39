"""How alike a network's layers are on one domain, and whether they become more alike on another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from astrobench import Score, minibatch_cka

from astrobench_scores.averages import undefined
from astrobench_scores.cka_batches import batches_of
from astrobench_scores.cka_resampling import draws, resampled_matrices, spread_of
from astrobench_scores.cka_summaries import (
    FEWEST_IMAGES,
    FEWEST_LAYERS,
    early_late,
    effective_rank,
    likeness,
    off_diagonal,
)
from astrobench_scores.parameters import check_resamples
from astrobench_scores.principal import without_first_component

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench import Prediction
    from astrobench.types import Better

    from astrobench_scores.cka_batches import Batches

OWN = {"offdiag": off_diagonal, "early_late": early_late, "effrank": effective_rank}
"""What is said of one domain's matrix."""
BETTER: dict[str, Better] = {
    "collapse": "lower",
    "early_late_delta": "lower",
    "structure": "higher",
    "collapse_without_pc1": "lower",
}
"""What is said of a domain's matrix beside that of the clean images."""


def cka_layers(
    clean: Prediction, perturbed: Prediction, *, bootstrap: Literal[0] | Annotated[int, "[100, 100000]"] = 200
) -> Mapping[str, Score]:
    """Measure the debiased CKA of every layer with every layer on the same images, clean and perturbed apart.

    Of the perturbed images' matrix M′: cka_offdiag, the mean over pairs of layers; cka_early_late, the mean of the
    first third of the layers against the last; cka_effrank, exp of the entropy of its eigenvalues, 1 where all layers
    are alike. They differ between architectures and fields and are not to be ranked. Beside the clean images' M:
    cka_collapse = offdiag(M′) − offdiag(M), above 0 suspicious; cka_early_late_delta alike; cka_structure, 1 less the
    mean of |M′ − M| over pairs; and cka_collapse_without_pc1, the collapse with the first principal component of each
    layer taken off, for a few far images alone can make layers alike. No image needs a partner. All are diagnostics:
    CKA can be changed without changing what a network does, and its size does not follow the error.

    bootstrap: 0, or how many times (100 to 100000) to draw the simulations (`objects`) anew for the standard errors;
    a difference within two of them of 0 says so. Five simulations are the fewest that have one. A layer that is
    constant leaves NaN with a note.

    Raises: SuiteError for a number of resamples that is not allowed.

    Source: Nguyen et al. (2021), arXiv:2010.15327; Gondhalekar et al. (2023), arXiv:2311.18007; cosmology-cka.md (c.5).
    """
    check_resamples(bootstrap)
    other = batches_of(perturbed)
    if other is None:
        return _absent(perturbed)
    base = None if clean is perturbed else batches_of(clean)
    base = base if base is not None and base.layers == other.layers else None
    fault = _fault(other) or ("" if base is None else _fault(base))
    if fault:
        return _undefined(fault, beside=base is not None)
    drawn = draws([one.objects for one in (other, base) if one is not None], bootstrap)
    matrix, matrices = minibatch_cka(other.grams), resampled_matrices(other.grams, drawn[0])
    scores = {name: _score(of(matrix), of(_sound(matrices)), other) for name, of in OWN.items()}
    if base is not None:
        known = minibatch_cka(base.grams), resampled_matrices(base.grams, drawn[1])
        scores |= _beside(other, base, (matrix, matrices), known)
    return {f"cka_{name}": score for name, score in scores.items()}


def _absent(perturbed: Prediction) -> dict[str, Score]:
    """Return nothing where CKA was not asked for, and the reason where there are too few images for it."""
    images = len(perturbed.ids)
    if not perturbed.layers or images >= FEWEST_IMAGES:
        return {}
    return _undefined(f"a batch holds {images} images: at least {FEWEST_IMAGES} are needed", beside=False)


def _undefined(fault: str, *, beside: bool) -> dict[str, Score]:
    names = [*OWN, *(BETTER if beside else ())]
    return {f"cka_{name}": undefined(fault, better=BETTER.get(name)) for name in names}


def _fault(batches: Batches) -> str:
    if batches.fault():
        return batches.fault()
    if len(batches.layers) < FEWEST_LAYERS:
        return f"{len(batches.layers)} layer: there is no other to compare it with"
    own = np.diag(minibatch_cka(batches.grams))
    silent = [layer for layer, value in zip(batches.layers, own, strict=True) if np.isnan(value)]
    return f"constant or not finite: {', '.join(silent)}" if silent else ""


def _beside(
    other: Batches, base: Batches, found: tuple[np.ndarray, np.ndarray], known: tuple[np.ndarray, np.ndarray]
) -> dict[str, Score]:
    """Return the scores of a domain's matrix, and its resamples, beside those of the clean images."""
    both = np.isfinite(found[1]).all(axis=(1, 2)) & np.isfinite(known[1]).all(axis=(1, 2))
    new, old = (found[0], found[1][both]), (known[0], known[1][both])
    bare = [off_diagonal(minibatch_cka(without_first_component(one.grams))) for one in (other, base)]
    scores = {
        name: _unsure(_score(of(new[0]) - of(old[0]), of(new[1]) - of(old[1]), other))
        for name, of in (("collapse", off_diagonal), ("early_late_delta", early_late))
    }
    scores["structure"] = _score(likeness(new[0], old[0]), likeness(new[1], old[1]), other)
    scores["collapse_without_pc1"] = _score(bare[0] - bare[1], np.zeros(0), other)
    return {name: replace(score, better=BETTER[name]) for name, score in scores.items()}


def _sound(matrices: np.ndarray) -> np.ndarray:
    return np.asarray(matrices[np.isfinite(matrices).all(axis=(1, 2))])


def _score(value: np.ndarray, resampled: np.ndarray, batches: Batches) -> Score:
    return Score(float(value), se=spread_of(resampled), n=batches.images)


def _unsure(score: Score) -> Score:
    within = score.se is not None and abs(score.value) <= 2 * score.se
    return replace(score, note="within two standard errors of 0") if within else score
