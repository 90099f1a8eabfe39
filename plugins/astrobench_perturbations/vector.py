"""Numbers of an image, read from a map: where a network stops being a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from torch.nn import functional

from astrobench_perturbations.folding import NotStagedError, Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch


@dataclass(frozen=True, eq=False)
class Vector:
    """Numbers (F,) of an image, read from the cells of a stage.

    mean: averaged over the map first. weight: float64 (F, ·), None as long as it is the cells themselves.
    tail: what follows, on (n, F).
    """

    source: int
    mean: bool
    weight: torch.Tensor | None = None
    bias: torch.Tensor | None = None
    tail: tuple[Callable[[torch.Tensor], torch.Tensor], ...] = ()

    def mapped(self, weight: torch.Tensor, bias: torch.Tensor) -> Vector:
        """Return weight @ numbers + bias, folded into one matrix with any linear layer just before it."""
        if self.tail:
            step = partial(functional.linear, weight=weight.float(), bias=bias.float())
            return replace(self, tail=(*self.tail, step))
        if self.weight is None or self.bias is None:
            return replace(self, weight=weight, bias=bias)
        return replace(self, weight=weight @ self.weight, bias=weight @ self.bias + bias)

    def scaled(self, scale: torch.Tensor, shift: torch.Tensor) -> Vector:
        """Return scale · numbers + shift, float64 (F,) each."""
        if self.weight is None:
            raise NotStagedError("a norm between the map and the first linear layer")
        return self.mapped(scale.diag(), shift)

    def then(self, function: Callable[[torch.Tensor], torch.Tensor]) -> Vector:
        """Return a function of each of the numbers."""
        if self.weight is None:
            raise NotStagedError("a function between the map and the first linear layer")
        return replace(self, tail=(*self.tail, function))

    def readout(self, shape: Shape) -> torch.Tensor:
        """Return what each cell of a map of `shape` counts, float32 (F, H, W, C)."""
        assert self.weight is not None
        height, width, channels = shape
        if self.mean:
            each = self.weight / (height * width)
            return each[:, None, None].expand(-1, height, width, -1).float()
        return self.weight.view(-1, channels, height, width).permute(0, 2, 3, 1).float()
