"""Make the layers of a network as alike, or as different, on the target as they are on the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from astrobench_alignment.layerwise import Layerwise, layer_matrix, upper

if TYPE_CHECKING:
    import torch
    from astrobench import Step


class CkaStructure(Layerwise):
    """The squared difference of the two domains' CKA between layers."""

    def term(self, source: Step, target: Step) -> torch.Tensor:
        """Return the mean of (M^S_ij − M^T_ij)² over pairs of layers."""
        return (upper(layer_matrix(source.layers)) - upper(layer_matrix(target.layers))).square().mean()


def cka_structure(
    features: int,
    outputs: int,
    *,
    weight: Annotated[float, "[0, inf)"] = 0.1,
    warmup: Annotated[float, "[0, 1]"] = 0.2,
    layers: tuple[str, ...] = (),
) -> CkaStructure:
    """Match the target's matrix of CKA between layers to the source's: mean over pairs of (M^S_ij − M^T_ij)².

    Each matrix is debiased CKA on its own batch, so no image needs a partner. layers, warmup, batches and constant
    layers as in `cka_collapse`. It is 0 where both matrices agree, whatever the features are.

    Raises:
        DataError: for batches of fewer than 4 images, or fewer than two layers.

    Source: nearest to the proposal of Gondhalekar et al. 2023, arXiv 2311.18007; this is R2 of cosmology-cka.md.
    """
    return CkaStructure("cka_structure", weight, warmup, layers)
