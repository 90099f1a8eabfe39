"""What a folder of drawn maps holds, with the SHA-256 of each file, and of the list itself in its last line.

A flipped bit in a float is another universe that nobody would notice, so a file is used only with the bytes that were
drawn.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from astrobench import cannot_read, sha256_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MANIFEST = "synthetic.txt"
"""Written last: a folder without it is not whole."""


def write_manifest(folder: Path, notice: str) -> None:
    """List what is in a folder. notice: a line of ASCII that says what the files are."""
    lines = [f"{sha256_of(path)}  {path.name}" for path in sorted(folder.iterdir())]
    body = "\n".join([notice, *lines, ""]).encode("ascii")
    (folder / MANIFEST).write_bytes(body + _sum(body) + b"\n")


def has_manifest(folder: Path) -> bool:
    """Say whether a folder was finished, whatever became of it since. Raises DataError where it cannot be read."""
    try:
        return (folder / MANIFEST).is_file()
    except OSError as fault:
        raise cannot_read(folder, fault) from None


def is_sound(folder: Path, starts: Sequence[str]) -> bool:
    """Say whether the list, and the listed files whose names start so, have the bytes that were drawn.

    Raises DataError where they cannot be read.
    """
    try:
        return _is_sound(folder, starts)
    except FileNotFoundError:
        return False
    except OSError as fault:
        raise cannot_read(folder, fault) from None


def _is_sound(folder: Path, starts: Sequence[str]) -> bool:
    body, _, last = (folder / MANIFEST).read_bytes().removesuffix(b"\n").rpartition(b"\n")
    body += b"\n"
    if last != _sum(body):
        return False
    listed = {name: told for told, name in (line.split("  ") for line in body.decode("ascii").splitlines()[1:])}
    used = [name for name in listed if name.startswith(tuple(starts))]
    return all((folder / name).is_file() and sha256_of(folder / name) == listed[name] for name in used)


def _sum(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode("ascii")
