"""Represent a target image as its source partner is represented, layer by layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import torch
from scipy.optimize import linear_sum_assignment

from astrobench_alignment.layerwise import Layerwise, layer_diagonal

if TYPE_CHECKING:
    from astrobench import Step

Pairing = Literal["predicted", "exact"]


class CkaPaired(Layerwise):
    """One less the mean CKA of each layer between a source batch and its partners."""

    def __init__(self, weight: float, warmup: float, layers: tuple[str, ...], pairing: Pairing) -> None:
        super().__init__("cka_paired", weight, warmup, layers)
        self.paired = pairing == "exact"

    def term(self, source: Step, target: Step) -> torch.Tensor:
        """Return 1 − mean over layers of CKA(X^S_l, X^T_l)."""
        if self.paired:
            return 1 - layer_diagonal(source.layers, target.layers).mean()
        order = partners(source, target).to(target.latent.device)
        return 1 - layer_diagonal(source.layers, {name: some[order] for name, some in target.layers.items()}).mean()


def cka_paired(
    features: int,
    outputs: int,
    *,
    weight: Annotated[float, "[0, inf)"] = 0.1,
    pairing: Literal["predicted", "exact"] = "predicted",
    warmup: Annotated[float, "[0, 1]"] = 0.2,
    layers: tuple[str, ...] = (),
) -> CkaPaired:
    """Align each layer between partners of the two domains: 1 − mean over layers of the debiased CKA of a layer.

    pairing: "exact" draws each source image with the target image of the same id (the same galaxy, the same initial
    conditions), turned alike, and refuses a dataset without such pairs. "predicted" pairs the two batches by what the
    network itself says of them, without replacement at the least sum of squared distances: class probabilities, or the
    means of a regression. The published idea pairs by label, which needs target labels; there are none here. layers,
    warmup, batches and constant layers as in `cka_collapse`.

    Raises:
        DataError: for batches of fewer than 4 images, or exact pairs of a dataset that has none.

    Source: R3 of cosmology-cka.md, after Gondhalekar et al. 2023, arXiv 2311.18007.
    """
    return CkaPaired(weight, warmup, layers, pairing)


@torch.no_grad()
def partners(source: Step, target: Step) -> torch.Tensor:
    """Return which row of the target is the partner of each row of the source, int64 (B,), by what is said of them."""
    numbers = source.labels is not None and source.labels.is_floating_point()
    mine, theirs = (_means(step.logits) if numbers else step.logits.softmax(dim=1) for step in (source, target))
    _, order = linear_sum_assignment(torch.cdist(mine.double(), theirs.double()).square().cpu().numpy())
    return torch.from_numpy(order)


def _means(logits: torch.Tensor) -> torch.Tensor:
    """Return the posterior means of a regression, the first half of its outputs."""
    return logits[:, : logits.shape[1] // 2]
