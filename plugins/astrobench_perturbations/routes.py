"""In which order candidates go through the stages: those of one kind side by side, so that one product serves them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench_perturbations.local import Local


class Route(NamedTuple):
    """One part's way through one stage: n candidates, in the order of this stage.

    turn: int64 (n,), where each was in the order before. window: int64 (n,), see `tables.windows_of`. ends: for
    each kind, the number of candidates of it and of the kinds before.
    """

    turn: np.ndarray
    window: np.ndarray
    ends: list[int]


def routes(locals_: Sequence[Local], where: np.ndarray, parts: Sequence[slice]) -> tuple[list[list[Route]], np.ndarray]:
    """Return for each part its route through each stage, and the order (N,) in which all candidates end.

    where: int64 (N,), row · W + col of every candidate. parts: which of them go together, in order. All are
    sorted at once, because there are more parts than stages.
    """
    part = np.repeat(np.arange(len(parts)), [part.stop - part.start for part in parts])
    start = np.array([part.start for part in parts])[part]
    stages, order = [], np.arange(len(where))
    for local in locals_:
        kinds = len(local.bands)
        key = part * kinds + local.kinds[where]
        last, order = order, np.argsort(key, kind="stable")
        turn = np.argsort(last)[order] - start
        ends = np.bincount(key, minlength=len(parts) * kinds).reshape(-1, kinds).cumsum(1).tolist()
        stages.append((turn, local.windows[where[order]], ends))
    found = [
        [Route(turn[one], window[one], ends[number]) for turn, window, ends in stages]
        for number, one in enumerate(parts)
    ]
    return found, order
