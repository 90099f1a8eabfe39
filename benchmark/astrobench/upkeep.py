"""Looking after a results directory: is all of it sound, and what of it is no longer needed."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from astrobench.errors import InfraError, StoreError
from astrobench.store import Store, set_aside, verified

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

NAME = re.compile(r"[0-9a-f]{64}")
RECOMPUTED = {  # by the folder that a file lies in
    "datasets": "the next run prepares the dataset again",
    "trainings": "the next run trains it again",
    "weights": "the next run trains it again",
    "validations": "the next run judges the rules again, from what the training left",
    "cells": "the next run predicts it again, without training",
    "scores": "the next run scores it again, from stored predictions",
    "objects": "the next run computes it again",
    "truth": "the next run prepares the dataset again",
    "checkpoints": "the training starts from its first epoch",
}

LEFT_BEHIND = (
    ".probe-*", ".tmp-*", "*/.tmp-*", "*/??/.tmp-*", "checkpoints/*/.tmp-*", "leaderboards/*/records/.tmp-*",
    "progress/.*", "claims/*",
)  # fmt: skip
"""What a process that is killed leaves; a run that lives touches its claims every few seconds."""


@dataclass(frozen=True)
class Damage:
    """A file that was set aside, why, and what follows from it."""

    path: Path
    why: str
    remedy: str


@dataclass(frozen=True)
class Health:
    """What a check of a results directory found. conflicts: results that differ from an earlier one of their key."""

    checked: int
    damage: tuple[Damage, ...]
    conflicts: tuple[Path, ...]


@dataclass(frozen=True)
class Waste:
    """Something that no result needs. size: bytes."""

    path: Path
    why: str
    size: int


def fsck(store: Store) -> Health:
    """Verify the hash of every result, array file and checkpoint; set aside what is damaged.

    A result whose arrays are gone is set aside too, so that the next run computes both anew.
    """
    objects = _arrays(store)
    damage = [_lost(path, "its bytes are not those of its name") for path in objects if _digest(path) != path.name]
    checkpoints = _files(store, "checkpoints/*/last")
    damage += [_lost(path, "its bytes are not those of its head") for path in checkpoints if not _whole(path)]
    records = list(_records(store))
    for path, body in records:
        if body is None:
            damage.append(_lost(path, "it is torn, changed, or of another key"))
        elif gone := [name for name in _named(body["result"], path.parent.parent.name) if not store.holds(name)]:
            damage.append(_lost(path, f"its arrays {gone[0][:12]}… are gone or damaged"))
    checked = len(objects) + len(checkpoints) + len(records)
    return Health(checked, tuple(damage), tuple(_files(store, "conflicts/*.json")))


def waste(store: Store, hours: float) -> tuple[Waste, ...]:
    """Return what no result needs and nobody has touched for some hours: a run beside us may need the younger.

    Raises StoreError when a result is damaged, for then nobody knows what it needs.
    """
    records = list(_records(store))
    damaged = [path for path, body in records if body is None]
    if damaged:
        raise StoreError(f"{damaged[0]} is damaged, so what it needs is not known: run astrobench fsck first")
    needed = {name for path, body in records if body for name in _named(body["result"], path.parent.parent.name)}
    trained = {path.stem for path, _ in records if path.parent.parent.name == "trainings"}
    newest = time.time() - 3600 * hours
    found = [Waste(path, why, _size(path)) for path, why in _unneeded(store, needed, trained) if _age(path) <= newest]
    return tuple(found)


def remove(found: tuple[Waste, ...]) -> None:
    """Remove waste; what somebody else removed first is gone all the same. Raises InfraError."""
    for item in found:
        try:
            with contextlib.suppress(FileNotFoundError):
                if item.path.is_dir():
                    shutil.rmtree(item.path)
                else:
                    item.path.unlink()
        except OSError as error:
            raise InfraError.of("remove", item.path, error) from error


def _unneeded(store: Store, needed: set[str], trained: set[str]) -> Iterator[tuple[Path, str]]:
    for path in _arrays(store):
        if path.name not in needed:
            yield path, "no result needs it"
    for pattern in LEFT_BEHIND:
        for path in _files(store, pattern):
            yield path, "left by a process that was killed"
    for path in _files(store, "*/??/*.corrupt-*") + _files(store, "checkpoints/*.corrupt-*"):
        yield path, "set aside as damaged"
    for path in sorted((store.root / "checkpoints").glob("*")):
        if path.name in trained:
            yield path, "its training is finished"
    for path in _files(store, "progress/training-*.json"):
        if any(key.startswith(path.stem.removeprefix("training-")) for key in trained):
            yield path, "its training is finished"


def _arrays(store: Store) -> list[Path]:
    found = _files(store, "objects/??/*") + _files(store, "truth/??/*")
    return [path for path in found if NAME.fullmatch(path.name)]


def _files(store: Store, pattern: str) -> list[Path]:
    return sorted(path for path in store.root.glob(pattern) if path.is_file())


def _records(store: Store) -> Iterator[tuple[Path, dict[str, Any] | None]]:
    """Give every result with its body, None where it is damaged; kinds of later versions are looked at too."""
    for path in _files(store, "*/??/*.json"):
        try:
            yield path, verified(path.read_bytes(), path.stem)
        except ValueError:
            yield path, None
        except OSError as error:
            raise InfraError.of("read", path, error) from error


def _named(value: Any, kind: str) -> Iterator[str]:
    """Give the hashes of arrays that a result names. Scores name none: their text is bits, not hashes."""
    if kind == "scores":
        return
    if isinstance(value, str) and NAME.fullmatch(value):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _named(item, kind)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _named(item, kind)


def _lost(path: Path, why: str) -> Damage:
    kind = path.parent.parent.name
    set_aside(path)
    return Damage(path, why, RECOMPUTED.get(kind, "the next run computes it again"))


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InfraError.of("read", path, error) from error


def _whole(checkpoint: Path) -> bool:
    """Say whether a checkpoint's hash, in its first line, is that of the rest."""
    try:
        with checkpoint.open("rb") as file:
            head: Mapping[str, Any] = json.loads(file.readline(2**20))
            return bool(hashlib.sha256(file.read()).hexdigest() == head["sha256"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    except OSError as error:
        raise InfraError.of("read", checkpoint, error) from error


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def _size(path: Path) -> int:
    parts = path.rglob("*") if path.is_dir() else [path]
    with contextlib.suppress(FileNotFoundError):
        return sum(part.stat().st_size for part in parts if part.is_file())
    return 0
