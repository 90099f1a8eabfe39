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
SEPARATORS = {"tabs": "\t", "semicolons": ";", "bars": "|", "spaces": " "}
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

    Raises DataError, naming the row and the remedy, for a catalogue that cannot be read, is separated by anything but
    commas, lacks a column or has it twice, or has a row with more or fewer cells than columns, without path or domain,
    with an unknown split, or without a split where others have one.
    """
    if catalogue.is_dir():
        raise DataError(f"catalogue {catalogue} is a folder{_inside(catalogue)}; want a CSV of {','.join(COLUMNS)}")
    try:
        with catalogue.open(encoding="utf-8-sig", newline="") as file:
            rows = list(_rows(csv.reader(file, strict=True), catalogue))
    except OSError as fault:
        raise DataError(f"cannot read catalogue {catalogue}: {fault.strerror}") from None
    except UnicodeDecodeError as fault:
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
    """Yield the rows of a table. A row that is all blank is none."""
    number, header = 1, []
    try:
        for number, cells in enumerate(reader, start=1):
            told = [cell.strip() for cell in cells]
            where = f"row {number} of {catalogue.name}"
            if number == 1:
                header = [name.lower() for name in told]
                _check_header(header, catalogue)
            elif any(told):
                _check_cells(told, header, where)
                yield _row(where, catalogue.parent, dict(zip(header, told, strict=True)))
    except csv.Error as fault:
        place = f"row {number + 1} of {catalogue.name}" if header else f"catalogue {catalogue}"
        raise DataError(f"{place} is no CSV ({fault}); close the quotes, and double those inside a cell") from None
    if not header:
        _check_header(header, catalogue)


def _check_header(header: Sequence[str], catalogue: Path) -> None:
    for name, separator in SEPARATORS.items():
        cells = [cell.strip() for cell in ",".join(header).split(separator)]
        if "path" not in header and set(COLUMNS) <= set(cells):
            raise DataError(f"catalogue {catalogue} is separated by {name}; want commas: save it as CSV with commas")
    for name in COLUMNS:
        if name not in header:
            raise DataError(f"catalogue {catalogue} has no column {name!r}{did_you_mean(name, header)}")
    twice = next((name for name in header if name and header.count(name) > 1), None)
    if twice:
        raise DataError(f"catalogue {catalogue} has {header.count(twice)} columns {twice!r}; keep one")


def _check_cells(cells: Sequence[str], header: Sequence[str], where: str) -> None:
    if len(cells) != len(header):
        remedy = (
            "quote a cell that holds a comma"
            if len(cells) > len(header)
            else "leave a cell empty for what is not known"
        )
        raise DataError(f"{where} has {len(cells)} cells for {len(header)} columns; {remedy}")
    for cell in cells:
        if "\0" in cell or "\n" in cell or "\r" in cell:
            kind = "a NUL byte" if "\0" in cell else "a line break"
            raise DataError(f"{where} has {kind} inside a cell, {cell[:40]!r}; close its quotes or write it again")


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
