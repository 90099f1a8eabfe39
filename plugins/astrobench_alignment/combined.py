"""Several methods as one: their terms side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astrobench import Method
from torch import nn

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from astrobench import Moment, Step


class Combined(Method):
    """The terms of several methods with different names, all of them scaled by one weight.

    At weight 0 it is `source_only`. rate: learning-rate factor of all parts' own parameters.
    """

    def __init__(self, *parts: Method, weight: float = 1.0, rate: float = 1.0) -> None:
        super().__init__()
        self.parts = nn.ModuleList(parts)
        self.weight, self.rate = weight, rate
        self.uses_target = weight != 0 and any(part.uses_target for part in parts)
        self.needs_classes = any(part.needs_classes for part in parts)
        self.wanted_layers = tuple(dict.fromkeys(layer for part in parts for layer in part.wanted_layers))

    def terms(self, source: Step, target: Step | None, moment: Moment) -> Mapping[str, torch.Tensor]:
        """Return every part's terms."""
        if self.weight == 0:
            return {}
        told = [part.terms(source, target, moment) for part in self.parts]  # type: ignore[operator]
        return {name: self.weight * term for terms in told for name, term in terms.items()}

    def start_epoch(self, epoch: int) -> None:
        """Tell every part."""
        for part in self.parts:
            part.start_epoch(epoch)  # type: ignore[operator]
