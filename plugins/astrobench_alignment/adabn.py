"""Adaptive batch norm: the network keeps its weights and takes the target's statistics."""

from __future__ import annotations

from astrobench import Method, SuiteError


class AdaBn(Method):
    """The task loss alone, then batch-norm statistics of target images."""

    uses_target = False

    def __init__(self, share: float) -> None:
        super().__init__()
        self.target_statistics = share


def adabn(features: int, outputs: int, *, weight: float = 1.0) -> AdaBn:
    """Train on the source, then predict with batch-norm statistics of the target (adaptive batch norm).

    Every weight is that of `source_only`; means and variances of batch norm are taken anew from unlabelled target
    images after each epoch, once the epoch was judged with those of the source. weight: how far they move towards
    the target's, 0 to 1. The paper keeps statistics for each domain; here one network meets all domains, so source
    images are predicted with the target's too, and source accuracy may fall. Needs a network with batch norm; any
    other is refused.

    Raises:
        SuiteError: if weight is outside 0 … 1.

    Source: Li et al. 2016, arXiv 1603.04779; the mixture of Schneider et al. 2020, arXiv 2006.16971.
    """
    if not 0 <= weight <= 1:
        raise SuiteError(f"weight of adabn must be between 0 and 1, not {weight}")
    return AdaBn(weight)
