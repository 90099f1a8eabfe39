"""The oracle: what training on target labels would give."""

from __future__ import annotations

from astrobench import Method


class TargetOnly(Method):
    """The task loss alone, on labelled target images that the engine puts in place of the source's."""

    uses_target = False
    oracle = True


def target_only(features: int, outputs: int) -> TargetOnly:
    """Train on labelled target images: an oracle, shown as a reference and never ranked."""
    return TargetOnly()
