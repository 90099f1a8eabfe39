"""In which order candidates go through the stages: those of one kind side by side, so that one product serves them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench_perturbations.local import Local


class Route(NamedTuple):
    """A way through one stage: n candidates, in the order of this stage.

    turn: int64 (n,), where each was in the order before. starts: for places and for cells, where the runs of their
    windows begin, int64 (n · k,), see `Tiling`. ends: for each kind, how many candidates are of it or of one before.
    """

    turn: torch.Tensor
    starts: tuple[torch.Tensor, torch.Tensor]
    ends: list[int]

    def parts(self, sizes: list[int], ends: list[list[int]]) -> list[Route]:
        """Cut the way of all candidates into those of so many, each with its own ends."""
        runs = [len(starts) // len(self.turn) for starts in self.starts]
        places, cells = (
            torch.split(starts, [size * k for size in sizes]) for starts, k in zip(self.starts, runs, strict=True)
        )
        return [
            Route(*one)
            for one in zip(torch.split(self.turn, sizes), zip(places, cells, strict=True), ends, strict=True)
        ]


def routes(locals_: Sequence[Local], where: np.ndarray, parts: Sequence[slice]) -> tuple[list[list[Route]], np.ndarray]:
    """Return for each stage the route of each part, and the order (N,) in which all candidates end.

    where: int64 (N,), row · W + col of every candidate. parts: which of them go together, in order. All are
    sorted at once, because there are more parts than stages.
    """
    sizes = np.array([part.stop - part.start for part in parts])
    part, begun = np.repeat(np.arange(len(parts)), sizes), np.repeat([part.start for part in parts], sizes)
    found, order = list[list[Route]](), np.arange(len(where))
    for local in locals_:
        kinds = len(local.bands)
        key = part * kinds + local.kinds[where]
        last, order = order, _sorted(key)
        whole = _route(local, _inverse(last)[order] - begun, where[order])
        ends = np.bincount(key, minlength=len(parts) * kinds).reshape(-1, kinds).cumsum(1).tolist()
        found.append(whole.parts(sizes.tolist(), ends))
    return found, order


def _route(local: Local, turn: np.ndarray, where: np.ndarray) -> Route:
    arrays = turn, *(np.take(tiling.starts, where, axis=0).ravel() for tiling in (local.places, local.cells))
    turns, places, cells = (torch.from_numpy(array).to(local.places.rows.device) for array in arrays)
    return Route(turns, (places, cells), [])


def _sorted(key: np.ndarray) -> np.ndarray:
    """Return the stable order of keys; of 16 bits, NumPy sorts them several times faster."""
    return np.argsort(key.astype(np.uint16) if key.max(initial=0) < 1 << 16 else key, kind="stable")


def _inverse(order: np.ndarray) -> np.ndarray:
    inverse = np.empty_like(order)
    inverse[order] = np.arange(len(order))
    return inverse
