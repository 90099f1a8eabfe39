"""Cells that belong in one picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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
    learned = {_training(one): one for one in clean if one.domain == one.source}
    others = (one for one in clean if one.domain != one.source and _training(one) in learned)
    return tuple(Pair(learned[_training(one)], one) for one in others)


def _training(one: Exhibit) -> tuple[str, str, str, int]:
    return one.dataset, one.architecture, one.method, one.seed
