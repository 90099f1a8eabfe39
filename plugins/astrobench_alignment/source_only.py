"""No adaptation: what every method must beat."""

from __future__ import annotations

from astrobench import Method


class SourceOnly(Method):
    """The task loss alone; the target, if shown at all, only passes through batch-norm."""

    def __init__(self, *, uses_target: bool) -> None:
        super().__init__()
        self.uses_target = uses_target


def source_only(features: int, outputs: int, *, mixed_batchnorm: bool = False) -> SourceOnly:
    """Train on labelled source images only: the baseline of every gain.

    mixed_batchnorm: show target images to the network without any loss on them, so that batch-norm sees both
    domains as it does for every aligning method; separates that effect from the alignment's own.
    """
    return SourceOnly(uses_target=mixed_batchnorm)
