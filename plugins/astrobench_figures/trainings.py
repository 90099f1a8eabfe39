"""What one training was tested on, unperturbed and attacked, with the seeds of one method together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from astrobench_figures.grouping import training_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from astrobench import Exhibit


class Tests(NamedTuple):
    """The cells of one training: the unperturbed domain that it learned, other unperturbed domains, and attacks."""

    learned: Exhibit
    others: tuple[Exhibit, ...]
    attacked: tuple[Exhibit, ...]

    @property
    def moved(self) -> tuple[Exhibit, ...]:
        """Return all cells but the learned one: other domains first."""
        return self.others + self.attacked

    @property
    def every(self) -> tuple[Exhibit, ...]:
        """Return all cells, the learned one first."""
        return (self.learned, *self.moved)


Family = tuple[str, str, str]
"""Dataset, architecture and method: what trainings that differ in their seed alone have in common."""


def families_of(exhibits: Sequence[Exhibit]) -> Mapping[Family, tuple[Tests, ...]]:
    """Return the tests of each training by its family, in the order of the cells.

    A perturbation that lies on no severity curve counts as an attack, on the domain that was learned. Trainings that
    lack the unperturbed cell of that domain are left out.
    """
    trainings: dict[tuple[str, str, str, int], list[Exhibit]] = {}
    for one in exhibits:
        trainings.setdefault(training_of(one), []).append(one)
    found: dict[Family, list[Tests]] = {}
    for (*family, _), cells in trainings.items():
        learned = next((one for one in cells if one.clean and one.domain == one.source), None)
        if learned is not None:
            others = tuple(one for one in cells if one.clean and one.domain != one.source)
            attacked = (one for one in cells if not one.clean and one.point is None and one.domain == one.source)
            place = family[0], family[1], family[2]
            found.setdefault(place, []).append(Tests(learned, others, tuple(attacked)))
    return {family: tuple(tests) for family, tests in found.items()}


def name_of(cell: Exhibit) -> str:
    """Return what a cell's images are called: their domain, or what was done to the learned one."""
    return cell.domain if cell.clean else cell.perturbation


def keys_of(cells: Sequence[Exhibit]) -> tuple[tuple[str, str], ...]:
    """Return the name and key of each cell, for a figure's foot."""
    return tuple((f"{one.method} seed {one.seed} {name_of(one)}", one.key) for one in cells)
