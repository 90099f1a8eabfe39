"""Files of the cache that prove their own bytes: the SHA-256 of each lies beside it, and what fails it is set aside.

A seal is written before its file has its name, so a file without one is a file that nothing vouches for. Disks do turn
bits: a flipped one in a float is another brightness that nobody would notice.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from astrobench import cannot_read, set_aside, sha256_of

if TYPE_CHECKING:
    from pathlib import Path


def seal_of(path: Path) -> Path:
    """Return where the seal of a file lies."""
    return path.with_name(f"{path.name}.sha256")


def seal(path: Path, digest: str) -> None:
    """Write the seal of a file. digest: of the bytes that it was meant to have, 64 hexadecimal digits."""
    draft = path.with_name(f".{path.name}.sha256.{os.getpid()}.part")
    try:
        draft.write_text(f"{digest}\n", encoding="ascii")
        draft.replace(seal_of(path))
    finally:
        draft.unlink(missing_ok=True)


def settle(part: Path, path: Path, digest: str) -> None:
    """Give a finished file its name, sealed. digest: of the bytes that were meant, 64 hexadecimal digits."""
    seal(path, digest)
    part.replace(path)


def is_sealed(path: Path) -> bool:
    """Say whether a file is there with the bytes that were sealed. Raises DataError where it cannot be read."""
    try:
        return seal_of(path).read_bytes() == f"{sha256_of(path)}\n".encode("ascii")
    except FileNotFoundError:
        return False
    except OSError as fault:  # another user's private file, or a disk that does not give it
        raise cannot_read(path, fault) from None


def is_sound(path: Path) -> bool:
    """Say whether a file is there with the bytes that were sealed; one that is there with others is set aside.

    Raises DataError where it cannot be read, or cannot be set aside.
    """
    sound = is_sealed(path)
    if not sound:
        set_aside(path)
    return sound
