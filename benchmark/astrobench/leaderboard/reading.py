"""Records of a leaderboard folder, read as one: files that cannot stand in one table are refused by name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from astrobench.errors import StoreError
from astrobench.leaderboard.table import Source
from astrobench.records import Header, Row, read_rows, score_to_plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

ALWAYS = ("name", "version", "synthetic", "reference")
# What numbers depend on beside the labels: two files of a profile that differ here measured different things.
MEASURED = ("training", "predict", "limit")
SHOWN = ("score", "domain", "perturbation", "kind", "chance")
NAMES = ("label", "curve")  # of a use: no number depends on them
AXES = ("dataset", "architecture", "method", "perturbation")


@dataclass(frozen=True)
class Records:
    """The rows of a suite by profile. suite: as the first file tells it."""

    suite: Mapping[str, Any]
    rows: Mapping[str, tuple[Row, ...]]
    sources: tuple[Source, ...]


class File(NamedTuple):
    """One file of records, read."""

    name: str
    header: Header
    rows: tuple[Row, ...]


def read_records(folder: Path) -> Records:
    """Read `<folder>/records/*.jsonl` as one set of rows a profile, sorted by identity.

    Profiles have budgets of their own, so their numbers stay apart. Within one, a cell may stand in two files:
    with the same numbers it counts once; a number replaces a failure (the cell was run again). Two different
    numbers are refused, because nobody but their authors knows which is right.

    Raises StoreError where there are no records, or two files disagree: it names both.
    """
    paths = sorted((folder / "records").glob("*.jsonl"), key=lambda path: path.name)
    if not paths:
        raise StoreError(f"no records in {folder / 'records'}: expected *.jsonl, as `astrobench run` writes them")
    files = [File(path.name, *_read(path)) for path in paths]
    _check_agreement(files)
    profiles = dict.fromkeys(file.header.profile for file in files)
    rows = {name: _united([file for file in files if file.header.profile == name]) for name in profiles}
    sources = tuple(Source(file.name, file.header.profile, file.header.command, len(file.rows)) for file in files)
    return Records(files[0].header.suite, rows, sources)


def _read(path: Path) -> tuple[Header, tuple[Row, ...]]:
    try:
        return read_rows(path)
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"cannot read {path}: {error}") from None


def _check_agreement(files: Iterable[File]) -> None:
    """Refuse two files that give one name to two things: the message names both and what differs."""
    seen: dict[str, tuple[str, Any]] = {}
    for file in files:
        for what, value in _facts(file.header).items():
            first, known = seen.setdefault(what, (file.name, value))
            if known != value:
                raise StoreError(
                    f"records/{first} and records/{file.name} differ in {what} ({_told(known)}, {_told(value)}): "
                    "a leaderboard holds one of the two; remove the stale file or keep them in two folders"
                )


def _facts(header: Header) -> dict[str, Any]:
    """Return what must not differ between files, by a name that a message can show."""
    suite = header.suite
    facts = {key: suite.get(key) for key in ALWAYS}
    for column in suite.get("columns") or ():
        facts[f"column {column.get('title')!r}"] = [column.get(key) for key in SHOWN]
    own = {key: suite.get(key) for key in MEASURED}
    for axis in AXES:
        for use in (suite.get("axes") or {}).get(axis, ()):
            told = {key: value for key, value in use.items() if key not in NAMES and value is not None}
            own[f"{axis} {use.get('label')!r}"] = told  # None as if it were not there: older files do not know the key
    within = f" of profile {header.profile!r}" if header.profile else ""
    return facts | {f"{what}{within}": value for what, value in own.items()}


def _told(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _united(files: Iterable[File]) -> tuple[Row, ...]:
    kept: dict[tuple[Any, ...], tuple[str, Row]] = {}
    for file in files:
        for row in file.rows:
            kept[row.identity] = _chosen(kept.get(row.identity), (file.name, row))
    return tuple(kept[identity][1] for identity in sorted(kept))


def _chosen(kept: tuple[str, Row] | None, new: tuple[str, Row]) -> tuple[str, Row]:
    """Return the one of two records of a cell that stands. Raises StoreError when both give numbers that differ."""
    if kept is None or _soundness(new[1]) > _soundness(kept[1]):
        return new
    alike = _soundness(new[1]) == _soundness(kept[1]) > 0
    if alike and _numbers(kept[1]) != _numbers(new[1]):
        raise StoreError(
            f"records/{kept[0]} and records/{new[0]} give different numbers for {_place(new[1])}: remove one of them"
        )
    return kept


def _soundness(row: Row) -> int:
    """Return 0 for a failure, 1 for numbers of which a metric left some out, 2 for all of them."""
    return 0 if row.status != "ok" else 1 if row.problems else 2


def _numbers(row: Row) -> tuple[Any, ...]:
    scores = {name: score_to_plain(score) for name, score in row.scores.items()}
    return json.dumps(scores, sort_keys=True), row.correct, row.correct_n, row.oracle


def _place(row: Row) -> str:
    return f"{row.dataset} / {row.domain} / {row.architecture} / {row.method} / {row.perturbation} / seed {row.seed}"
