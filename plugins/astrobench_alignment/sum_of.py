"""Any methods side by side, named with + between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astrobench import SuiteError
from astrobench.errors import did_you_mean

from astrobench_alignment.adabn import adabn
from astrobench_alignment.adversarial_training import adversarial_training
from astrobench_alignment.augment import augment
from astrobench_alignment.can import can
from astrobench_alignment.cdan import cdan
from astrobench_alignment.cmd import cmd
from astrobench_alignment.combined import Combined
from astrobench_alignment.coral import coral
from astrobench_alignment.dance import dance
from astrobench_alignment.dann import dann
from astrobench_alignment.entropy import entropy
from astrobench_alignment.fisher import fisher
from astrobench_alignment.jdot import jdot
from astrobench_alignment.mcc import mcc
from astrobench_alignment.mmd import mmd
from astrobench_alignment.mmd_deepadversaries import mmd_deepadversaries
from astrobench_alignment.sinkhorn import sinkhorn

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from astrobench import Method
    from torch import nn

PARTS: dict[str, Callable[..., Method]] = {
    part.__name__: part
    for part in (
        mmd, mmd_deepadversaries, coral, cmd, dann, cdan, sinkhorn, jdot, mcc, can, dance, fisher, entropy, adabn,
        augment, adversarial_training,
    )
}  # fmt: skip
"""Imported one by one, so that the digest of a sum is that of its parts."""
ALIKE = ({"mmd", "mmd_deepadversaries"}, {"dann", "cdan"})
"""Parts whose terms bear one name, of which a sum can have one only."""


class Sum(Combined):
    """Parts whose terms stand side by side, and whose changes of the images and of batch norm follow one another."""

    def __init__(self, *parts: Method, weight: float) -> None:
        super().__init__(*parts, weight=weight)
        self.target_statistics = max(part.target_statistics for part in parts) if weight else 0.0

    def shown(self, images: torch.Tensor, labels: torch.Tensor, model: nn.Module) -> torch.Tensor:
        """Let every part change the images in turn."""
        for part in self.parts if self.weight else ():
            images = part.shown(images, labels, model)  # type: ignore[operator]
        return images


def sum_of(features: int, outputs: int, parts: str, *, weight: float = 1.0) -> Sum:
    """Add up methods at their own defaults, as in `sum:coral+fisher+entropy`.

    weight scales all of their terms; at 0 it is `source_only`. What a part does to the images that are shown, and to
    batch norm, it does here too. `mmd+fisher+entropy` and `dann+fisher+entropy` are methods of their own, with a
    parameter for each part.

    Raises:
        SuiteError: for an unknown part, one alone, one named twice, or two whose terms bear one name.

    Source: the form of DeepMerge II, arXiv 2103.01373, for any alignment.
    """
    names = parts.split("+")
    _check(names)
    return Sum(*(PARTS[name](features, outputs) for name in names), weight=weight)


def _check(names: list[str]) -> None:
    for name in names:
        if name not in PARTS:
            raise SuiteError(f"sum has no part {name!r}{did_you_mean(name, PARTS)}")
    if len(names) < 2 or len(set(names)) < len(names):
        raise SuiteError(f"sum:{'+'.join(names)} needs two or more parts, each named once")
    for both in ALIKE:
        if both <= set(names):
            raise SuiteError(f"sum:{'+'.join(names)} has {' and '.join(sorted(both))}, which are of one kind: drop one")
