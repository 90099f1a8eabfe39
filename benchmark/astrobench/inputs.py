"""What stored results were computed from: is it still there, byte for byte, and which results rest on what is not."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from astrobench.caching import cache_root, cannot_read, set_aside, sha256_of
from astrobench.contents import content_digest
from astrobench.errors import SuiteError
from astrobench.progress import report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from astrobench.store import Store


@dataclass(frozen=True)
class Changed:
    """Files that are no longer what results were computed from. dataset: key. trainings: keys of what rests on it."""

    parameter: str
    path: str
    why: str
    dataset: str
    trainings: tuple[str, ...]


@dataclass(frozen=True)
class Inputs:
    """What a check of the inputs found.

    checked: files and folders that datasets were given. unknown: keys of datasets prepared before their files were
    recorded. cached, damaged: files of the cache with a seal, and those among them that were set aside.
    """

    checked: int
    changed: tuple[Changed, ...]
    unknown: tuple[str, ...]
    cached: int
    damaged: tuple[Path, ...]


def check_inputs(store: Store) -> Inputs:
    """Read every byte that stored datasets were computed from, and of the cache, whatever is remembered of them.

    What is found is remembered, so that the next plan follows it. A file of the cache that is not what was written is
    set aside: it is made again. Raises StoreError where a stored result cannot be read, DataError for a cache that
    cannot be read or written.
    """
    resting: dict[str, list[str]] = defaultdict(list)
    for key, body in _stored(store, "trainings"):
        resting[body["provenance"].get("dataset", "")].append(key)
    changed, unknown, checked = [], [], 0
    for key, body in _stored(store, "datasets"):
        files = body["provenance"].get("files")
        if files is None:
            unknown.append(key)
        for number, file in enumerate(files or ()):
            report("hashing data", number, len(files), file["path"])
            checked += 1
            why = _difference(file["path"], file["sha256"])
            if why:
                changed.append(Changed(file["parameter"], file["path"], why, key, tuple(resting[key])))
    sealed = list(_sealed())
    damaged = tuple(path for number, path in enumerate(sealed) if not _is_whole(path, number, len(sealed)))
    for path in damaged:
        set_aside(path)
    return Inputs(checked, tuple(changed), tuple(unknown), len(sealed), damaged)


def _difference(path: str, known: str) -> str:
    try:
        found = content_digest(path, anew=True)
    except SuiteError as error:
        return str(error)
    return "" if found == known else f"its content is {found[:12]}…, not {known[:12]}… as when it was read"


def _stored(store: Store, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((store.root / kind).glob("??/*.json")):
        body = store.read(kind, path.stem)
        if body is not None:
            yield path.stem, body


def _sealed() -> Iterator[Path]:
    """Yield the files of the cache that have their SHA-256 beside them."""
    for seal in sorted(cache_root().rglob("*.sha256")):
        path = seal.with_suffix("")
        if path.is_file() and not path.name.startswith("."):
            yield path


def _is_whole(path: Path, number: int, total: int) -> bool:
    report("hashing the cache", number, total, path.name)
    try:
        return path.with_name(f"{path.name}.sha256").read_bytes() == f"{sha256_of(path)}\n".encode("ascii")
    except FileNotFoundError:  # another process has just made it anew
        return True
    except OSError as fault:
        raise cannot_read(path, fault) from None
