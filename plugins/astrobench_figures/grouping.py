"""Cells that belong in one picture, and the few of many images that it has room for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from astrobench import Exhibit


class Pair(NamedTuple):
    """The same network on the domain that it learned and on another, both unperturbed."""

    learned: Exhibit
    other: Exhibit

    @property
    def labels(self) -> tuple[str, ...]:
        """Return what tells this pair from others; the other domain where there are several is in the keys."""
        one = self.other
        return (one.dataset, one.architecture, one.method, f"seed {one.seed}", f"{one.source} to {one.domain}")


def pairs_of(exhibits: Sequence[Exhibit]) -> tuple[Pair, ...]:
    """Return each unperturbed cell of another domain with that of the same training's own domain."""
    clean = [one for one in exhibits if one.clean]
    learned = {training_of(one): one for one in clean if one.domain == one.source}
    others = (one for one in clean if one.domain != one.source and training_of(one) in learned)
    return tuple(Pair(learned[training_of(one)], one) for one in others)


def training_of(one: Exhibit) -> tuple[str, str, str, int]:
    """Return what a cell's training is known by: dataset, architecture, method and seed."""
    return one.dataset, one.architecture, one.method, one.seed


def few(names: np.ndarray, most: int) -> np.ndarray:
    """Return at most so many of these, evenly spaced in their order: no look decides."""
    return np.asarray(names[np.linspace(0, len(names) - 1, min(len(names), most)).round().astype(int)])


def first_of_each(names: np.ndarray) -> np.ndarray:
    """Return rows int64 (M,), in order, of the first image of each of M objects."""
    return np.sort(np.unique(names, return_index=True)[1])
