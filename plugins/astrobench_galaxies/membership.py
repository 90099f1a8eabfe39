"""Which image is what class, which object, and on which side of the split."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from astrobench import DataError
from astrobench.errors import did_you_mean

from astrobench_galaxies.splits import split_by_id

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from astrobench_galaxies.catalogue import Row

UNLABELLED = -1
LEAST = 3  # objects of a class in the source: one each to train on, validate and test


class Member(NamedTuple):
    """A row, its object and its class index, or UNLABELLED."""

    row: Row
    id: str
    label: int


class Cut(NamedTuple):
    """One domain's share of one split. ids: str (N,). labels: int64 (N,)."""

    rows: tuple[Row, ...]
    ids: np.ndarray
    labels: np.ndarray


def named(
    rows: Sequence[Row], classes: tuple[str, ...], contents: Mapping[str, str]
) -> tuple[tuple[str, ...], list[Member]]:
    """Return the class names, and each row with its object and class index.

    Without ids, files of equal content are one object, named for the first. Raises DataError for a label outside
    the classes, or for one class only.
    """
    found = {row.label for row in rows if row.label}
    names = classes or tuple(sorted(found, key=lambda name: (int(name), "") if name.isdecimal() else (0, name)))
    if len(set(names)) < len(names):
        raise DataError(f"classes {', '.join(names)} name one twice; name each once")
    if len(names) < 2 or len(found) < 2:
        raise DataError(f"the catalogue has one class only ({', '.join(sorted(found)) or 'none'}); want two or more")
    first: dict[str, str] = {}
    for row in rows:
        first.setdefault(contents[row.where], row.name)
    return names, [Member(row, row.id or first[contents[row.where]], _index(row, names)) for row in rows]


def cuts(
    members: Sequence[Member], names: tuple[str, ...], source: str, target: str, tests: tuple[str, ...], seed: int
) -> dict[tuple[str, str], Cut]:
    """Return (domain, split) → Cut for source train, valid, test, target train, test, and the other domains' tests.

    Order within a cut is that of the ids' hashes: no class or survey comes first, and an object has the same place
    among its peers in every domain; its own images follow their paths. The test of a domain without any label is the
    whole domain, to be predicted. Raises DataError for an object on two sides, or a cut left empty.
    """
    trained = (source, target)
    splits = _given(members) if members[0].row.split else _drawn(members, names, trained, seed)
    wanted = [(source, split) for split in ("train", "valid", "test")] + [(target, "train")]
    labelled = {member.row.domain for member in members if member.label != UNLABELLED}
    parts = {}
    for domain, split in [*wanted, *((domain, "test") for domain in (target, *tests))]:
        own = [member for member in members if member.row.domain == domain]
        if split == "test" and domain not in labelled:
            chosen = own
        else:
            chosen = [member for member in own if splits[member.id] == split and _may_be(member, split, source)]
        parts[domain, split] = _cut(chosen, domain, split)
    _check_source(parts, names, source, labelled)
    return parts


def check_labelled(rows: Sequence[Row], source: str) -> None:
    """Refuse a source without any label: a target may be so, but something must be learned from."""
    if not any(row.label for row in rows if row.domain == source):
        raise DataError(
            f"source {source!r} has no label: a network learns from the labels of its source; label its rows, or take"
            " a labelled domain for the source and this one for the target"
        )


def _may_be(member: Member, split: str, source: str) -> bool:
    """Say whether an image may be in a split that was drawn: nothing can be tested on one without a label."""
    return bool(member.row.split) or split != "test" or member.row.domain == source or member.label != UNLABELLED


def _index(row: Row, names: tuple[str, ...]) -> int:
    if row.label in names:
        return names.index(row.label)
    if not row.label:
        return UNLABELLED
    if row.label.isdecimal():
        if int(row.label) < len(names):
            return int(row.label)
        raise DataError(f"{row.where} has label {row.label}, want 0 … {len(names) - 1} for {', '.join(names)}")
    raise DataError(f"{row.where} has label {row.label!r}{did_you_mean(row.label, names)}")


def _given(members: Sequence[Member]) -> dict[str, str]:
    splits: dict[str, str] = {}
    for row, name, _ in members:
        if splits.setdefault(name, row.split) != row.split:
            sides = f"{splits[name]} and {row.split}"
            raise DataError(f"{row.where}: object {name!r} is in {sides}; keep it on one side")
    return splits


def _drawn(members: Sequence[Member], names: tuple[str, ...], trained: tuple[str, str], seed: int) -> dict[str, str]:
    """Draw a split for each id: unlabelled ones train, ones seen only in the other test domains test.

    Where most of the target has no label, its few labelled objects are all tested on, and an object that the source
    shows too is drawn by the source's label.
    """
    kinds: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row, name, label in members:
        # By the name of the class, so that another order of the classes draws the same split.
        kinds[name].add((row.domain, "" if label == UNLABELLED else names[label]))
    seen = {name: {kind for kind in found if kind[0] in trained} for name, found in kinds.items()}
    few = _few_labels(members, trained[1])
    if few is not None:
        blank = {(trained[1], "")}
        seen = {name: found - blank or found for name, found in seen.items() if name not in few}
    strata = {name: sorted(found) for name, found in seen.items() if found}
    blind = {name for name, found in strata.items() if ("" in {label for _, label in found})}
    drawn = split_by_id({name: kind for name, kind in strata.items() if name not in blind}, seed)
    return dict.fromkeys(kinds, "test") | dict.fromkeys(blind, "train") | drawn


def _few_labels(members: Sequence[Member], target: str) -> set[str] | None:
    """Return the labelled objects of the target where they are fewer than those without a label, else None."""
    own = [member for member in members if member.row.domain == target]
    known = {member.id for member in own if member.label != UNLABELLED}
    return known if len(known) < len({member.id for member in own} - known) else None


def _cut(members: Sequence[Member], domain: str, split: str) -> Cut:
    if not members:
        raise DataError(f"domain {domain!r} has no {split} images; bring more images, or mark some as {split}")
    ordered = sorted(members, key=lambda member: (hashlib.sha256(member.id.encode()).digest(), member.row.name))
    return Cut(
        tuple(member.row for member in ordered),
        np.array([member.id for member in ordered]),
        np.array([member.label for member in ordered], np.int64),
    )


def _check_source(
    parts: Mapping[tuple[str, str], Cut], names: tuple[str, ...], source: str, labelled: Collection[str]
) -> None:
    for (domain, split), cut in parts.items():
        blind = [row for row, label in zip(cut.rows, cut.labels, strict=True) if label == UNLABELLED]
        if blind and domain in labelled and (split != "train" or domain == source):
            raise DataError(
                f"{blind[0].where} has no label; only target images to train on may go without, or all of a domain"
            )
    counts = Counter(int(label) for split in ("train", "valid", "test") for label in parts[source, split].labels)
    for index, name in enumerate(names):
        few = f"source {source!r} has {counts[index]} images of class {name!r}"
        if counts[index] < LEAST:
            raise DataError(f"{few}, want {LEAST} or more to train, validate and test; bring more or drop the class")
        if index not in parts[source, "train"].labels:
            raise DataError(f"{few} but none to train on; mark some as train")
