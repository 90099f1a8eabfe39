"""A convolution of narrow maps as one matrix product for each row of its kernel, without the rows that are padding.

oneDNN's own fills its tiles along one row of one image, and so leaves most of them empty where a row is short.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from astrobench_perturbations.windows import Walk

if TYPE_CHECKING:
    import torch

    from astrobench_perturbations.stages import Term


class Rowwise:
    """A term of a stage. Maps go through it row by row, all images side by side, and are left so in memory."""

    def __init__(self, term: Term, shape: tuple[int, int, int], dtype: torch.dtype) -> None:
        """Make ready a term that gives maps of `shape` (H', W', C_out)."""
        self.shape, self.rows, self.cols = shape, Walk.along(term.grid, 0), Walk.along(term.grid, 1)
        self.matrices = term.weight.to(dtype).permute(2, 3, 1, 0).flatten(1, 2).contiguous()  # (rows, cols · C, C_out)

    def __call__(self, maps: torch.Tensor, total: torch.Tensor) -> torch.Tensor:
        """Return what maps (m, H, W, C) give, added to total, (C_out,) or (m, H', W', C_out)."""
        height, width, channels = self.shape
        found = maps.new_empty(height, len(maps), width, channels)
        found[:] = total if total.ndim == 1 else total.transpose(0, 1)
        looked: dict[int, torch.Tensor] = {}
        for row, matrix in enumerate(self.matrices):
            steps, first = self._steps(row, maps.shape[1])
            start, phase = divmod(first, self.rows.stride)
            if steps and phase not in looked:
                looked[phase] = self._looked_at(maps[:, phase :: self.rows.stride])
            if steps:
                seen = looked[phase][start : start + len(steps)]
                found[steps.start : steps.stop].view(-1, channels).addmm_(seen.view(-1, len(matrix)), matrix)
        return found.transpose(0, 1)

    def _steps(self, row: int, height: int) -> tuple[range, int]:
        """Return the steps at which a row of the kernel is on a map of `height`, and the map's row at the first."""
        stride, begin = self.rows.stride, row * self.rows.dilation - self.rows.padding
        low = max(0, -(begin // stride))
        return range(low, min(self.shape[0], (height - 1 - begin) // stride + 1)), begin + low * stride

    def _looked_at(self, maps: torch.Tensor) -> torch.Tensor:
        """Return what each step along the columns of maps (m, R, W, C) sees, (R, m · W', cols of the kernel · C)."""
        walk, (m, rows, width, channels) = self.cols, maps.shape
        reach = (self.shape[1] - 1) * walk.stride + walk.dilation * (walk.size - 1) + 1
        padded = maps.new_zeros(rows, m, max(reach, walk.padding + width), channels)
        padded[:, :, walk.padding : walk.padding + width] = maps.transpose(0, 1)
        above, aside, across, _ = padded.stride()
        seen = padded.as_strided(
            (rows, m, self.shape[1], walk.size, channels),
            (above, aside, walk.stride * across, walk.dilation * across, 1),
        )
        return seen.reshape(rows, m * self.shape[1], walk.size * channels).contiguous()  # of one image it is a view
