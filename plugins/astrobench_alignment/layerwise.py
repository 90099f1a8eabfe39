"""Debiased CKA between the layers of one batch of images, with gradients.

The same estimator as the metric's: U-centred Gram matrices, so it is near 0 of noise however many the features are, and
may be slightly negative. Products of features are float32, centred over the batch; all that follows is float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from astrobench import DataError, Method

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from astrobench import Moment, Step

FEWEST_IMAGES = 4
CONSTANT = 1e-12  # U-centring leaves rounding of about 1e-15 of a Gram matrix that has no structure
EVERY = ("*",)
"""The layers that an architecture names for CKA."""


class Layerwise(Method):
    """A weighted term of the activations of some layers, that grows to its weight during a warm-up.

    layers: names, or classes of modules; those that the architecture names where there are none. warmup: the share of
    the budget over which the weight rises linearly from 0. At weight 0 it is `source_only`.
    """

    def __init__(self, name: str, weight: float, warmup: float, layers: tuple[str, ...]) -> None:
        super().__init__()
        self.name, self.weight, self.warmup = name, weight, warmup
        self.wanted_layers = layers or EVERY
        self.uses_target = weight != 0

    def terms(self, source: Step, target: Step | None, moment: Moment) -> Mapping[str, torch.Tensor]:
        """Return the term under the weight of this moment."""
        if target is None or self.weight == 0:
            return {}
        strength = min(1.0, moment.progress / self.warmup) if self.warmup else 1.0
        return {self.name: self.weight * strength * self.term(source, target).to(target.latent)}

    def term(self, source: Step, target: Step) -> torch.Tensor:
        """Return the term itself, a scalar."""
        raise NotImplementedError


def layer_matrix(layers: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Return the CKA of every layer with every layer, float64 (L, L), of activations float (n, …) of the same images.

    Row and column of a layer that is constant over the batch are NaN: there is no CKA of it.

    Raises: DataError for fewer than 4 images, or fewer than two layers.
    """
    if len(layers) < 2:
        named = ", ".join(layers) or "none"
        raise DataError(f"a matrix of CKA compares two layers or more with one another, not {len(layers)} ({named})")
    flat = torch.stack([centred_gram(values).flatten() for values in layers.values()])
    products = flat @ flat.T
    norms = _norms(products.diagonal(), layers.values())
    return products / (norms[:, None] * norms[None, :])


def layer_diagonal(layers: Mapping[str, torch.Tensor], twins: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Return the CKA of each layer with itself on twins, float64 (L,): the same row is a pair. NaN where constant.

    Raises: DataError for fewer than 4 images.
    """
    left, right = (
        torch.stack([centred_gram(side[name]).flatten() for name in layers]) for side in (layers, twins)
    )  # fmt: skip
    own = [
        _norms((flat * flat).sum(dim=1), side.values()) for flat, side in ((left, layers), (right, twins))
    ]  # fmt: skip
    return (left * right).sum(dim=1) / (own[0] * own[1])


def upper(matrix: torch.Tensor) -> torch.Tensor:
    """Return what stands above the diagonal of a float (L, L), one number a pair of layers."""
    first, second = torch.triu_indices(len(matrix), len(matrix), offset=1, device=matrix.device)
    return matrix[first, second]


def centred_gram(values: torch.Tensor) -> torch.Tensor:
    """Return the U-centred Gram matrix float64 (n, n) of activations float (n, …): zero diagonal, rows that sum to 0.

    Raises: DataError for fewer than 4 images.

    Source: Székely & Rizzo (2014), doi:10.1214/14-AOS1255.
    """
    n = len(values)
    if n < FEWEST_IMAGES:
        raise DataError(
            f"debiased CKA needs {FEWEST_IMAGES} images or more in a batch, not {n}; see training.batch_size"
        )
    features = values.float().flatten(1)
    features = features - features.mean(dim=0)
    off = 1 - torch.eye(n, dtype=torch.float64, device=values.device)
    gram = (features @ features.T).double() * off
    rows = gram.sum(dim=1) / (n - 2)
    rows = rows - rows.sum() / (2 * (n - 1))
    return (gram - rows[:, None] - rows[None, :]) * off


def _norms(own: torch.Tensor, layers: Iterable[torch.Tensor]) -> torch.Tensor:
    """Return the roots of the layers' own products, NaN for what is rounding of a layer without structure."""
    sizes = torch.stack([values.detach().float().square().sum().double() for values in layers])
    return torch.where(own > (CONSTANT * sizes) ** 2, own, torch.nan).sqrt()
