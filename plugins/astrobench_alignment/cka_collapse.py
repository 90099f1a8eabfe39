"""Keep the layers of a network from becoming alike on the target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from astrobench_alignment.layerwise import Layerwise, layer_matrix, upper

if TYPE_CHECKING:
    import torch
    from astrobench import Step


class CkaCollapse(Layerwise):
    """The excess of the target's CKA between different layers over a threshold."""

    def __init__(self, weight: float, warmup: float, layers: tuple[str, ...], threshold: float) -> None:
        super().__init__("cka_collapse", weight, warmup, layers)
        self.threshold = threshold

    def term(self, source: Step, target: Step) -> torch.Tensor:
        """Return the mean of max(0, M_ij − threshold) over pairs of layers, M of the target batch."""
        return (upper(layer_matrix(target.layers)) - self.threshold).relu().mean()


def cka_collapse(
    features: int,
    outputs: int,
    *,
    weight: Annotated[float, "[0, inf)"] = 0.1,
    threshold: Annotated[float, "[-1, 1)"] = 0.8,
    warmup: Annotated[float, "[0, 1]"] = 0.2,
    layers: tuple[str, ...] = (),
) -> CkaCollapse:
    """Penalise layers that represent target images alike: mean over pairs of max(0, CKA_ij − threshold).

    CKA is debiased, between different layers on one unlabelled target batch; source images only meet the task. layers:
    names of layers or classes of modules ("Conv2d"); by default those that the architecture names. warmup: the share of
    the budget over which the weight rises from 0. Batches of 64 or more are advised: the noise of CKA is about 1/batch.
    Classification and regression alike. A layer that is constant over a batch makes the loss NaN, and the training
    says so.

    Raises:
        DataError: for batches of fewer than 4 images, or fewer than two layers.

    Source: proposed by Gondhalekar et al. 2023, arXiv 2311.18007, without a formula; this is R1 of cosmology-cka.md.
    """
    return CkaCollapse(weight, warmup, layers, threshold)
