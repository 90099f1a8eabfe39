"""The same galaxies three times over: as learned, in another domain, and with the pixels that an attack put in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from astrobench import DataError

from astrobench_figures.grouping import training_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from astrobench import Exhibit, Prediction

FACTS = ("success", "row", "col", "values")
"""What an attack that replaces pixels tells of each image: whether it flipped, and what was put where."""


class Cells(NamedTuple):
    """The three cells of one network, in the order in which they are drawn."""

    learned: Exhibit
    other: Exhibit
    attacked: Exhibit


@dataclass(frozen=True, eq=False)
class Twins:
    """The three cells of one network with what it said of each."""

    cells: Cells
    said: tuple[Prediction, Prediction, Prediction]

    @property
    def names(self) -> tuple[str, str, str]:
        """Return what each of the three is called: two domains and the attack."""
        return self.cells.learned.domain, self.cells.other.domain, self.cells.attacked.perturbation

    def flipped(self) -> np.ndarray:
        """Return ids str (M,) in order: galaxies of both domains that the attack gave another class.

        One with several images in a domain is left out: nothing tells which is the partner of which.
        """
        learned, other, attacked = self.said
        there = attacked.ids[np.asarray(attacked.facts["success"], bool)]
        common = reduce(np.intersect1d, (there, shown_once(learned.ids), shown_once(other.ids)))
        before, _, after = self.classes(common)
        return np.asarray(common[before != after])

    def rows(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return int64 (M,) thrice: where these galaxies stand in each of the three."""
        learned, other, attacked = (rows_of(one.ids, ids) for one in self.said)
        return learned, other, attacked

    def latents(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return float64 (M, F) thrice."""
        learned, other, attacked = self.rows(ids)
        first, second, third = (one.latent.astype(np.float64) for one in self.said)
        return first[learned], second[other], third[attacked]

    def classes(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the predicted classes int64 (M,) thrice."""
        learned, other, attacked = self.rows(ids)
        first, second, third = (one.logits.argmax(1) for one in self.said)
        return first[learned], second[other], third[attacked]


def twins_of(exhibits: Sequence[Exhibit]) -> Iterator[Twins]:
    """Yield the twins of each network, other domain and attack on pixels, read when their turn comes."""
    for group in _groups(exhibits):
        yield from filter(None, map(_opened, group))


def rivals_of(exhibits: Sequence[Exhibit], most: int) -> Iterator[tuple[Twins, ...]]:
    """Yield the twins of all methods of one dataset, network, seed, domain and attack, at most `most` ≥ 2 a time.

    The suite's reference is the first of each. Predictions are read when their turn comes.
    """
    for group in _groups(exhibits):
        group.sort(key=lambda cells: cells.learned.method != cells.learned.reference)
        twins = [one for one in map(_opened, group) if one is not None]
        others = range(1, max(len(twins), 2), most - 1) if twins else ()
        yield from ((twins[0], *twins[start : start + most - 1]) for start in others)


def flipped_by_all(rivals: Sequence[Twins]) -> np.ndarray:
    """Return ids str (M,) in order: galaxies that the attack flipped under every one of these methods."""
    return np.asarray(reduce(np.intersect1d, [twins.flipped() for twins in rivals]))


def shown_once(ids: np.ndarray) -> np.ndarray:
    """Return the ids that name one image alone, str (M,) in order."""
    names, counts = np.unique(ids, return_counts=True)
    return np.asarray(names[counts == 1])


def rows_of(known: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return int64 (M,), where each of the ids, which name one image each, stands among the known."""
    place = {name: row for row, name in enumerate(known)}
    return np.array([place[name] for name in ids], np.int64)


def labels_of(rivals: Sequence[Twins]) -> tuple[str, ...]:
    """Return what tells these twins from others, for a title."""
    one = rivals[0].cells.learned
    methods = " and ".join(twins.cells.learned.method for twins in rivals)
    learned, other, attack = rivals[0].names
    return (one.dataset, one.architecture, methods, f"seed {one.seed}", f"{learned} to {other}", attack)


def cells_of(rivals: Sequence[Twins]) -> tuple[Exhibit, ...]:
    """Return the cells that these twins show."""
    return tuple(one for twins in rivals for one in twins.cells)


def keys_of(cells: Sequence[Exhibit]) -> tuple[tuple[str, str], ...]:
    """Return the name and key of each cell: two of a domain may differ in method and perturbation."""
    changed = ("" if one.clean else f" {one.perturbation}" for one in cells)
    return tuple((f"{one.method} {one.domain}{word}", one.key) for one, word in zip(cells, changed, strict=True))


def none_flipped(figure: str, exhibits: Sequence[Exhibit]) -> DataError:
    """Return the refusal of records that hold no galaxy that an attack flipped."""
    draws = "galaxies that an attack on pixels flipped under every method beside the same in another domain"
    return refused(figure, draws, exhibits, "none", "run it with one_pixel, or show fewer methods with --method")


def refused(figure: str, draws: str, exhibits: Sequence[Exhibit], lacks: str, remedy: str) -> DataError:
    """Return the refusal of a figure of twins: unpaired domains are named, for no run would give them twins."""
    suite = f"suite {exhibits[0].suite!r}" if exhibits else "the suite"
    apart = _apart(exhibits)
    if apart:
        learned, other = apart
        told = f"no image of {learned!r} has the id of one of {other!r}: the domains of {suite} are not paired"
        return DataError(f"figure {figure!r} draws {draws}, and {told}")
    return DataError(f"figure {figure!r} draws {draws}, and {suite} has stored {lacks}; {remedy}")


def _apart(exhibits: Sequence[Exhibit]) -> tuple[str, str] | None:
    """Return two domains that share no id, where no two domains that an attack stands beside share one."""
    names = None
    for twins in twins_of(exhibits):
        learned, other, _ = twins.said
        if np.isin(learned.ids, other.ids).any():
            return None
        names = names or twins.names[:2]
    return names


def _groups(exhibits: Sequence[Exhibit]) -> Iterable[list[Cells]]:
    """Return the cells of twins, those in one list that differ in their method alone."""
    told = [one for one in exhibits if one.task == "classification"]
    groups: dict[tuple[object, ...], list[Cells]] = {}
    for attacked in (one for one in told if not one.clean and one.domain == one.source):
        clean = [one for one in told if one.clean and training_of(one) == training_of(attacked)]
        learned = next((one for one in clean if one.domain == one.source), None)
        for other in clean:
            if learned is not None and other.domain != other.source:
                place = (attacked.dataset, attacked.architecture, attacked.seed, other.domain, attacked.perturbation)
                groups.setdefault(place, []).append(Cells(learned, other, attacked))
    return groups.values()


def _opened(cells: Cells) -> Twins | None:
    """Return the twins, or None where what changed the images is not an attack on pixels."""
    attacked = cells.attacked.predicted()
    if any(name not in attacked.facts for name in FACTS):
        return None
    return Twins(cells, (cells.learned.predicted(), cells.other.predicted(), attacked))
