"""A user's catalogue of cut-outs: a CSV of path, label, domain, and optionally split and id."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, NamedTuple

from astrobench import DataError
from astrobench.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

COLUMNS = ("path", "label", "domain")
SPLITS = ("train", "valid", "test")
SUFFIXES = (".png", ".jpg", ".jpeg", ".fits", ".fit", ".fts", ".fits.gz", ".npy")


class Row(NamedTuple):
    """One cut-out. where: "row 12 of labels.csv", to name it in a message. name: its path as the catalogue has it.

    label, split and id may be empty.
    """

    where: str
    name: str
    path: Path
    label: str
    domain: str
    split: str
    id: str


def read_catalogue(catalogue: Path) -> list[Row]:
    """Return the rows of a catalogue in order; `path` is taken relative to the catalogue.

    Raises DataError, naming the row and the remedy, for a catalogue that cannot be read, lacks a column, or has a
    row without path or domain, with an unknown split, or without a split where others have one.
    """
    if catalogue.is_dir():
        raise DataError(f"catalogue {catalogue} is a folder{_inside(catalogue)}; want a CSV of {','.join(COLUMNS)}")
    try:
        with catalogue.open(encoding="utf-8-sig", newline="") as file:
            rows = list(_rows(csv.reader(file), catalogue))
    except OSError as fault:
        raise DataError(f"cannot read catalogue {catalogue}: {fault.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as fault:
        raise DataError(f"catalogue {catalogue} is no CSV in UTF-8 ({fault}); save it as one") from None
    if not rows:
        raise DataError(f"catalogue {catalogue} lists no images; give each a row of {','.join(COLUMNS)}")
    _check_splits(rows)
    return rows


def check_domains(rows: Sequence[Row], wanted: Sequence[str]) -> None:
    """Raise DataError unless the wanted domains are different and all in the catalogue."""
    known = {row.domain for row in rows}
    for number, domain in enumerate(wanted):
        if domain not in known:
            raise DataError(f"no domain {domain!r} in the catalogue{did_you_mean(domain, known)}")
        if domain in wanted[:number]:
            raise DataError(f"domain {domain!r} is asked for twice among source, target and tests; name it once")


def check_files(rows: Sequence[Row], catalogue: Path) -> None:
    """Raise DataError, naming the first row, where images that the catalogue lists are not there."""
    lost = [row for row in rows if not row.path.is_file()]
    if lost:
        more = f" (and {len(lost) - 1} more)" if len(lost) > 1 else ""
        folder = catalogue.resolve().parent
        relative = f"paths are relative to {folder}{_inside(folder)}"
        raise DataError(f"{lost[0].where}: no image {lost[0].name}{more}; {relative}")


def _rows(reader: Iterator[list[str]], catalogue: Path) -> Iterator[Row]:
    header = [name.strip().lower() for name in next(reader, [])]
    for name in COLUMNS:
        if name not in header:
            raise DataError(f"catalogue {catalogue} has no column {name!r}{did_you_mean(name, header)}")
    folder = catalogue.parent
    for number, cells in enumerate(reader, start=2):
        if any(cell.strip() for cell in cells):
            values = dict(zip(header, (cell.strip() for cell in cells), strict=False))
            yield _row(f"row {number} of {catalogue.name}", folder, values)


def _row(where: str, folder: Path, values: dict[str, str]) -> Row:
    for name in ("path", "domain"):
        if not values.get(name):
            raise DataError(f"{where} has no {name}; give it one, or drop the row")
    split = values.get("split", "").lower()
    if split and split not in SPLITS:
        raise DataError(f"{where} has split {split!r}{did_you_mean(split, SPLITS)}")
    if not values["path"].lower().endswith(SUFFIXES):
        raise DataError(f"{where} names {values['path']!r}, want one of {', '.join(SUFFIXES)}")
    name, label, known = values["path"], values.get("label", ""), values.get("id", "")
    return Row(where, name, folder / name, label, values["domain"], split, known)


def _check_splits(rows: Sequence[Row]) -> None:
    for name in ("split", "id"):
        given = [bool(getattr(row, name)) for row in rows]
        if any(given) and not all(given):
            where = rows[given.index(False)].where
            raise DataError(f"{where} has no {name} though other rows have; give every row one, or drop the column")


def _inside(folder: Path) -> str:
    """Say what of use a folder holds, for a message."""
    tables = sorted(path.name for path in folder.glob("*.csv"))
    images = any(path.name.lower().endswith(SUFFIXES) for path in folder.rglob("*"))
    pictures = "PNG, JPEG, FITS or NPY images"
    return f", which holds {', '.join(tables[:3]) or 'no CSV'} and {pictures if images else 'no ' + pictures}"
