"""What one layer adds to a stage: convolutions as terms, averages as convolutions, batch-norms folded away."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import nn

from astrobench_perturbations.stages import Grid, Pointwise, Stage, Term

if TYPE_CHECKING:
    from astrobench_perturbations.blocks import Pair

Shape = tuple[int, int, int]
"""(H, W, C) of a map."""


class NotStagedError(Exception):
    """A network that is not a chain of stages. The message says what stands in the way."""


def alone(source: int, shape: Shape, weight: torch.Tensor) -> Stage:
    """Return a stage that takes a map as it is. weight: any tensor of the network, for device and dtype."""
    channels = shape[2]
    eye = torch.eye(channels, dtype=weight.dtype, device=weight.device)[:, :, None, None]
    return Stage((Term(source, eye, Grid((1, 1))),), weight.new_zeros(channels), shape)


def convolved(module: nn.Conv2d, source: int, shape: Shape) -> Stage:
    """Return the stage that a convolution of a map of `shape` begins."""
    if module.padding_mode != "zeros":
        raise NotStagedError(f"padding mode {module.padding_mode}")
    grid = Grid(_pair(module.kernel_size), _pair(module.stride), _padding(module), _pair(module.dilation))
    bias = module.weight.new_zeros(module.out_channels) if module.bias is None else module.bias
    return _begun(Term(source, _ungrouped(module), grid), bias, shape)


def averaged(module: nn.AvgPool2d, source: int, shape: Shape, weight: torch.Tensor) -> Stage:
    """Return the stage that an average pool of a map of `shape` begins. weight: as in `alone`."""
    grid = Grid(_pair(module.kernel_size), _pair(module.stride), _pair(module.padding))
    if module.ceil_mode or module.divisor_override or (any(grid.padding) and not module.count_include_pad):
        raise NotStagedError("an average whose divisor differs at the edges")
    channels, (rows, cols) = shape[2], grid.size
    eye = torch.eye(channels, dtype=weight.dtype, device=weight.device)[:, :, None, None]
    kernel = eye.expand(-1, -1, rows, cols) / (rows * cols)
    return _begun(Term(source, kernel, grid), weight.new_zeros(channels), shape)


def pool_grid(module: nn.MaxPool2d) -> Grid:
    """Return how a max-pool walks."""
    if module.ceil_mode or module.return_indices:
        raise NotStagedError("a max-pool in ceil mode or with indices")
    return Grid(*(_pair(x) for x in (module.kernel_size, module.stride, module.padding, module.dilation)))


def pooled(stage: Stage, grid: Grid) -> Stage | None:
    """Return a stage with a max-pool at its end, or None where it must begin a stage of its own.

    Rising functions commute with the maximum and go after it, on fewer numbers.
    """
    if stage.pool is not None or stage.after:
        return None
    kept = len(stage.before)
    while kept and stage.before[kept - 1].rising:
        kept -= 1
    if kept and any(grid.padding):  # what lies outside the map is the lowest number only before a function
        return None
    return replace(stage, before=stage.before[:kept], pool=grid, after=stage.before[kept:])


def normed(stage: Stage, scale: torch.Tensor, shift: torch.Tensor) -> Stage:
    """Return a stage scaled and shifted per channel, float64 (C,), folded into its weights where it is linear."""
    if not stage.is_linear:
        affine = partial(_affine, scale=scale.float(), shift=shift.float())
        return bent(stage, Pointwise(affine, rising=bool((scale >= 0).all())))
    factor = scale[:, None, None, None]
    terms = tuple(replace(term, weight=(term.weight * factor).float()) for term in stage.terms)
    return replace(stage, terms=terms, bias=(stage.bias * scale + shift).float())


def bent(stage: Stage, step: Pointwise) -> Stage:
    """Return a stage with one more function at its end."""
    if stage.pool is None:
        return replace(stage, before=(*stage.before, step))
    return replace(stage, after=(*stage.after, step))


def scale_and_shift(module: nn.BatchNorm1d | nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what a batch-norm in eval mode does per channel, float64 (C,) each."""
    if module.running_mean is None or module.running_var is None:
        raise NotStagedError("a batch-norm without running statistics")
    scale = (module.running_var.double() + module.eps).rsqrt()
    if module.weight is not None:
        scale = scale * module.weight.double()
    shift = -module.running_mean.double() * scale
    return scale, shift if module.bias is None else shift + module.bias.double()


def _begun(term: Term, bias: torch.Tensor, shape: Shape) -> Stage:
    height, width = (term.grid.steps(axis, shape[axis]) for axis in (0, 1))
    return Stage((term,), bias, (height, width, term.weight.shape[0]))


def _affine(value: torch.Tensor, scale: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
    return value * scale + shift


def _ungrouped(module: nn.Conv2d) -> torch.Tensor:
    """Return the weight as one group's, zeros between the groups, (C_out, C_in, rows, cols)."""
    groups, weight = module.groups, module.weight
    if groups == 1:
        return weight
    out, each, rows, cols = weight.shape
    full = weight.new_zeros(groups, out // groups, groups, each, rows, cols)
    index = torch.arange(groups)
    full[index, :, index] = weight.view(groups, out // groups, each, rows, cols)
    return full.view(out, groups * each, rows, cols)


def _padding(module: nn.Conv2d) -> Pair:
    if module.padding == "valid":
        return 0, 0
    if module.padding == "same":
        reach = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
        if any(one % 2 for one in reach):
            raise NotStagedError("padding that differs between two sides")
        return reach[0] // 2, reach[1] // 2
    return _pair(module.padding)


def _pair(value: object) -> Pair:
    if isinstance(value, int):
        return value, value
    assert isinstance(value, tuple)
    return int(value[0]), int(value[1])
