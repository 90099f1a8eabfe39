"""What a catalogue says of one image, or of one object, must agree: rows that do not are refused before training."""

from __future__ import annotations

from collections import defaultdict
from os.path import normpath
from typing import TYPE_CHECKING

from astrobench import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from astrobench_galaxies.catalogue import Row
    from astrobench_galaxies.membership import Member

MOST_NAMED = 10  # rows that a message names


def check_agreement(members: Sequence[Member], names: Sequence[str], contents: Mapping[str, str]) -> None:
    """Refuse rows that contradict one another. Several images of one object, of one label, are none.

    names: of the classes. contents: the digest of each row's file. Raises DataError, naming the rows, where one image
    (the same file, or another of equal bytes) has two labels, or one object has. A row without a label contradicts
    none.
    """
    _check_labels(
        _groups((contents[member.row.where], member) for member in members), names,
        "are one and the same image (equal bytes)", "an image has one label: mend the labels, or drop the rows",
    )  # fmt: skip
    _check_labels(
        _groups((member.id, member) for member in members), names,
        "show one object, {id!r},", "an object has one label: mend the labels, or give each object an id of its own",
    )  # fmt: skip


def check_listed_once(members: Sequence[Member]) -> None:
    """Refuse a file that a domain lists twice: it would count twice. Raises DataError, naming the rows."""
    for found in _groups((str((member.row.domain, normpath(member.row.path))), member) for member in members):
        if len(found) > 1:
            image = f"are one image, {found[0].row.name}, listed {len(found)} times"
            raise DataError(f"{_rows(found)} {image} in domain {found[0].row.domain!r}; keep one of the rows")


def _check_labels(groups: Iterable[Sequence[Member]], names: Sequence[str], what: str, remedy: str) -> None:
    for group in groups:
        known = [member for member in group if member.row.label]
        labels = sorted({member.label for member in known})
        if len(labels) > 1:
            told = " and ".join(names[label] for label in labels)
            raise DataError(f"{_rows(known)} {what.format(id=known[0].id)} with labels {told}; {remedy}")


def _groups(keyed: Iterable[tuple[str, Member]]) -> Iterable[list[Member]]:
    groups: dict[str, list[Member]] = defaultdict(list)
    for key, member in keyed:
        groups[key].append(member)
    return groups.values()


def _rows(members: Sequence[Member]) -> str:
    """Return "rows 3, 6 and 9 of labels.csv"."""
    numbers = [_number(member.row) for member in members]
    more = len(numbers) - MOST_NAMED
    last = f"{more} more" if more > 0 else numbers.pop()
    return f"rows {', '.join(numbers[:MOST_NAMED])} and {last} of {members[0].row.where.partition(' of ')[2]}"


def _number(row: Row) -> str:
    return row.where.partition(" of ")[0].removeprefix("row ")
