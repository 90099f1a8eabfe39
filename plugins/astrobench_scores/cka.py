"""Whether a network represents an image and its perturbed twin alike, layer by layer."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from astrobench import Score, Streams

from astrobench_scores.averages import mean, undefined
from astrobench_scores.cka_matrix import FEWEST_IMAGES, minibatch_cka
from astrobench_scores.columns import columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from astrobench import Prediction
    from astrobench.types import Better

SUMMARIES = ("diag", "diag_deep", "null")
NULL_SCOPE = "astrobench_scores.cka: null"


def cka(clean: Prediction, perturbed: Prediction) -> Mapping[str, Score]:
    """Measure the debiased minibatch linear CKA of each layer between images and their perturbed twins.

    cka_<layer> (dots in its name become "-"), cka_diag, the mean over layers, and cka_diag_deep, the mean over the
    last third (rounded up): 1 is alike up to rotation and scale. cka_null is cka_diag with the perturbed images
    shuffled within each batch, by one fixed Philox stream seeded from "astrobench_scores.cka: null"; it must be near
    0, and beyond 5/n, n the images of a batch, its note warns. A layer that is constant makes its own score and the
    means over it NaN, with a note. CKA is a diagnostic: it can be changed without changing what a network does.

    Empty without Gram matrices on both sides, where the two do not hold the same images batch by batch (so for the
    subset that an attack returns), and where the clean images are compared with themselves.

    Source: Nguyen et al. (2021), arXiv:2010.15327; cosmology-cka.md (c.1) and (c.5), 6–7.
    """
    if clean is perturbed:
        return {}
    pair = _paired_grams(clean, perturbed)
    if pair is None:
        return {}
    names = [*columns(clean.layers, SUMMARIES), *SUMMARIES]
    fault = _fault(pair[0])
    if fault:
        return {f"cka_{name}": undefined(fault, better=_better(name)) for name in names}
    return {f"cka_{name}": score for name, score in zip(names, _scores(*pair, clean.layers), strict=True)}


def _better(name: str) -> Better | None:
    return None if name == "null" else "higher"


def _fault(grams: np.ndarray) -> str:
    _, batches, n, _ = grams.shape
    if batches == 0:
        return "no batch of images"
    return f"a batch holds {n} images: at least {FEWEST_IMAGES} are needed" if n < FEWEST_IMAGES else ""


def _paired_grams(clean: Prediction, perturbed: Prediction) -> tuple[np.ndarray, np.ndarray] | None:
    """Return both sides' Gram matrices, float64 (L, nb, n, n), each batch in the order of its ids."""
    grams, twins = clean.grams, perturbed.grams
    if grams is None or twins is None or grams.shape != twins.shape:
        return None
    if not clean.layers or clean.layers != perturbed.layers:
        return None
    (ids, order), (twin_ids, twin_order) = _batches(clean.ids, grams), _batches(perturbed.ids, twins)
    if not np.array_equal(ids, twin_ids):
        return None
    return _reordered(grams, order), _reordered(twins, twin_order)


def _batches(ids: np.ndarray, grams: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ids of each batch, str (nb, n), sorted, and the order that sorts them."""
    _, batches, n, _ = grams.shape
    names = np.asarray(ids, dtype=str)[: batches * n].reshape(batches, n)
    order = np.argsort(names, axis=1, kind="stable")
    return np.take_along_axis(names, order, axis=1), order


def _reordered(grams: np.ndarray, order: np.ndarray) -> np.ndarray:
    batch = np.arange(len(order))[:, None, None]
    return grams[:, batch, order[:, :, None], order[:, None, :]]


def _shuffled(grams: np.ndarray) -> np.ndarray:
    stream = Streams(NULL_SCOPE).all()
    return _reordered(grams, np.stack([stream.permutation(grams.shape[-1]) for _ in range(grams.shape[1])]))


def _diagonal(grams: np.ndarray, twins: np.ndarray) -> np.ndarray:
    """Return float64 (L,), the CKA of each layer with itself on the twins."""
    layers = len(grams)
    return np.diagonal(minibatch_cka(np.concatenate([grams, twins]))[:layers, layers:])


def _scores(grams: np.ndarray, twins: np.ndarray, layers: tuple[str, ...]) -> list[Score]:
    _, batches, n, _ = grams.shape
    values, null = _diagonal(grams, twins), _diagonal(grams, _shuffled(twins))
    images, deep = batches * n, -(-len(layers) // 3)
    return [
        *(_over([value], [layer], images, "higher") for value, layer in zip(values, layers, strict=True)),
        _over(values, layers, images, "higher"),
        _over(values[-deep:], layers[-deep:], images, "higher"),
        _warned(_over(null, layers, images, None), 5 / n),
    ]


def _over(values: Iterable[float], layers: Iterable[str], images: int, better: Better | None) -> Score:
    values = list(values)
    faulty = [layer for value, layer in zip(values, layers, strict=True) if math.isnan(value)]
    if faulty:
        return undefined(f"constant or not finite: {', '.join(faulty)}", better=better, n=images)
    return Score(mean(values), better=better, n=images)


def _warned(null: Score, bound: float) -> Score:
    beyond = abs(null.value) > bound
    return replace(null, note=f"beyond {bound:.3g}, the noise expected of unpaired images") if beyond else null
