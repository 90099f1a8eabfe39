"""Digests of the files that a plugin is given, remembered for as long as nothing about the files has changed."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astrobench.caching import cache_root, sha256_of
from astrobench.errors import SuiteError
from astrobench.progress import report

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTLED = 2.0
"""Seconds after which a change of a file shows in its times: clocks of file systems tick up to two seconds apart."""

FIRST_LINE = 2**16
"""Bytes in which the first line of a table ends."""

SAMPLE = 100
"""Rows of a table in which a column names a file if it is one of files."""

SEPARATORS = ",;\t|"


def content_digest(path: str | Path, *, anew: bool = False) -> str:
    """Return 64 hexadecimal digits of a file's bytes, or of a folder's file names and bytes, hidden files left out.

    A table that lists files stands for these files as well, whatever it is called: a dataset changes with its images.
    It is text with a column "path", or with another column whose cells are files, relative to the table. Files that
    are not there are left to the plugin to name. Links are followed.

    The digest is remembered in the cache (ASTROBENCH_CACHE) for as long as names, sizes, times of content and of
    status, inodes and devices stay the same, and not where a file is so young that a change may not show in its times.

    Args:
        path: a file or a folder.
        anew: read every byte, whatever is remembered, and remember what was found.

    Raises:
        SuiteError: where nothing is there, or nothing that can be read.
    """
    place = Path(path).expanduser().absolute()  # a linked table lists what lies beside the link, as for its plugin
    if not place.exists():
        raise SuiteError(f"{str(path)!r} is not there: expected a file or a folder")
    try:
        return _content(place, [place, *_listed(place)] if place.is_file() else sorted(_files(place)), anew)
    except OSError as error:
        raise SuiteError(f"{error.filename or str(path)!r} cannot be read: {error.strerror}") from None


def contents(value: Any, *, anew: bool = False) -> Any:
    """Return the digest of the path that a parameter holds, or of each path of a list of them."""
    return (
        [contents(item, anew=anew) for item in value] if isinstance(value, list) else content_digest(value, anew=anew)
    )


def _content(place: Path, files: list[Path], anew: bool) -> str:
    begun = time.time()
    facts, newest = _facts(files)
    stamp = hashlib.sha256(repr(facts).encode()).hexdigest()
    kept = _kept().get(str(place))
    if not anew and isinstance(kept, list) and len(kept) == 2 and kept[0] == stamp:
        return str(kept[1])
    digest = _file_digest(files) if place.is_file() else _folder_digest(place, files)
    if begun - newest > SETTLED and _facts(files)[0] == facts:
        _keep(str(place), [stamp, digest])
    return digest


def _facts(files: list[Path]) -> tuple[list[tuple[str, int, int, int, int, int]], float]:
    """Return what changes with a file's content, a tuple a file, and the newest time among them in seconds.

    The time of the content can be set to any value, and is by tools that copy or unpack; that of the status cannot.
    """
    stats = [file.stat() for file in files]
    facts = [
        (str(file), told.st_size, told.st_mtime_ns, told.st_ctime_ns, told.st_ino, told.st_dev)
        for file, told in zip(files, stats, strict=True)
    ]
    return facts, max((max(told.st_mtime, told.st_ctime) for told in stats), default=0.0)


def _files(folder: Path, above: frozenset[tuple[int, int]] = frozenset()) -> Iterator[Path]:
    """Yield the files below a folder; a link that leads back to a folder above is not followed into it again."""
    here = folder.stat()
    above |= {(here.st_dev, here.st_ino)}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if not entry.is_dir():
                if entry.is_file() or entry.is_symlink():  # a link to nothing is named when it is read
                    yield folder / entry.name
                continue
            told = entry.stat() if entry.is_symlink() else None
            if told is None or (told.st_dev, told.st_ino) not in above:
                yield from _files(folder / entry.name, above)


def _listed(table: Path) -> list[Path]:
    """Return the files that a table lists, in its order; none where it is no such table."""
    separator = _separator(table)
    if separator is None:
        return []
    try:
        with table.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            rows = [row for row in csv.reader(file, delimiter=separator) if row]
    except csv.Error:  # no table: its bytes are all there is
        return []
    names = [name.strip().lower() for name in rows[0]] if rows else []
    columns = {number for number, name in enumerate(names) if name == "path"}
    for row in rows[:SAMPLE]:
        columns |= {number for number, cell in enumerate(row) if number not in columns and _file_of(table, cell)}
    found = (_file_of(table, row[column]) for row in rows for column in sorted(columns) if len(row) > column)
    return [path for path in found if path is not None]


def _separator(table: Path) -> str | None:
    """Return what parts the cells of a file's first line, None where that is not a line of text."""
    with table.open("rb") as file:
        line, end, _ = file.read(FIRST_LINE).partition(b"\n")
    if b"\0" in line or (not end and len(line) == FIRST_LINE):
        return None
    return max(SEPARATORS, key=lambda separator: line.count(separator.encode()))


def _file_of(table: Path, cell: str) -> Path | None:
    name = cell.strip()
    path = table.parent / name
    return path if name and os.path.isfile(path) and path != table else None


def _file_digest(files: list[Path]) -> str:
    digests = list(_digests(files))
    return digests[0] if len(digests) == 1 else hashlib.sha256(json.dumps(digests).encode()).hexdigest()


def _folder_digest(folder: Path, files: list[Path]) -> str:
    names = (file.relative_to(folder).as_posix() for file in files)
    rows = sorted(zip(names, _digests(files), strict=True))
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _digests(files: list[Path]) -> Iterator[str]:
    for number, file in enumerate(files, start=1):
        yield sha256_of(file)
        report("hashing files", number, len(files))


def _memory() -> Path:
    return cache_root() / "digests.json"


def _kept() -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        body = json.loads(_memory().read_text(encoding="utf-8"))
        if isinstance(body, dict):
            return body
    return {}


def _keep(place: str, told: list[str]) -> None:
    """Remember a digest; a cache that cannot be written costs time and nothing else."""
    path = _memory()
    part = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_text(json.dumps({**_kept(), place: told}), encoding="utf-8")
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
