"""The truth of a sweep: one immutable, hashed JSON file a result, and arrays under the hash of their bytes.

    <root>/trainings/ab/<key>.json      a finished training
    <root>/cells/ab/<key>.json          a predicted cell
    <root>/scores/ab/<key>.json         the numbers of a cell
    <root>/objects/ab/<sha256>          weights, predictions, truths: safetensors
    <root>/checkpoints/<key>/           where a killed training goes on; disposable
    <root>/logs/, <root>/progress/      what workers print and how far they are; disposable

Nothing is changed in place and nothing needs a lock: a file is written beside its name, synced, and linked to it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from astrobench.errors import StoreError
from astrobench.keys import canonical, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import numpy as np


@dataclass(frozen=True)
class Store:
    """A results directory."""

    root: Path

    def prepare(self) -> None:
        """Make the directory and prove that it can be written. Raises StoreError naming it and the reason."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            probe = self.root / f".probe-{os.getpid()}"
            write_atomically(probe, b"ok")
            probe.unlink()
        except OSError as error:
            told = error.strerror or error
            raise StoreError(f"cannot write results to {self.root}: {told}; choose another with --results") from None

    def read(self, kind: str, key: str) -> dict[str, Any] | None:
        """Return {result, provenance}, or None where there is none; a damaged file is set aside and counts as none."""
        path = self.path(kind, key)
        try:
            return _verified(path.read_bytes(), key)
        except FileNotFoundError:
            return None
        except ValueError:
            _set_aside(path)
            return None

    def write(self, kind: str, key: str, result: Mapping[str, Any], provenance: Mapping[str, Any]) -> None:
        """Keep a result under its key, with where it comes from.

        The first one stays. A second one that differs (its provenance may) is kept under `conflicts/`: the same
        key gave two numbers, which somebody should look at.
        """
        body = {"result": result, "provenance": provenance}
        text = canonical({"key": key, "sha256": key_of(body), "body": body}).encode("ascii")
        if write_atomically(self.path(kind, key), text):
            return
        first = self.read(kind, key)
        if first is None:
            write_atomically(self.path(kind, key), text)
        elif canonical(first["result"]) != canonical(result):
            write_atomically(self.root / "conflicts" / f"{kind}-{key}-{key_of(result)[:8]}.json", text)

    def put(self, arrays: Mapping[str, np.ndarray]) -> str:
        """Keep named arrays; return the SHA-256 of their safetensors bytes."""
        import numpy as np
        from safetensors.numpy import save

        data = save({name: np.ascontiguousarray(array) for name, array in sorted(arrays.items())})
        digest = hashlib.sha256(data).hexdigest()
        write_atomically(self.object(digest), data)
        return digest

    def get(self, digest: str) -> dict[str, np.ndarray]:
        """Return the arrays kept under a hash. Raises StoreError when they are gone or damaged."""
        from safetensors.numpy import load

        path = self.object(digest)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise StoreError(f"{path} is missing: run the suite again to compute it anew") from None
        if hashlib.sha256(data).hexdigest() != digest:
            _set_aside(path)
            raise StoreError(f"{path} is damaged and was set aside: run the suite again to compute it anew")
        arrays: dict[str, np.ndarray] = load(data)
        return arrays

    def holds(self, digest: str) -> bool:
        """Say whether arrays are there (their bytes are verified when they are read)."""
        return self.object(digest).is_file()

    def path(self, kind: str, key: str) -> Path:
        """Return where a result lies."""
        return self.root / kind / key[:2] / f"{key}.json"

    def object(self, digest: str) -> Path:
        """Return where arrays lie."""
        return self.root / "objects" / digest[:2] / digest

    def scratch(self, kind: str, name: str) -> Path:
        """Return a disposable file's path ("progress", "logs", "checkpoints"), its folder made."""
        path = self.root / kind / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def write_atomically(path: Path, data: bytes, *, replace: bool = False) -> bool:
    """Write a file so that it is whole or absent; return False where it was there already.

    replace: put the new one in place of the old (a checkpoint), instead of keeping the first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".tmp-{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}")
    try:
        _write_synced(part, data)
        new = _into_place(part, path, replace=replace)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()
    _sync_folder(path.parent)
    return new


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb", buffering=0) as file:
        view = memoryview(data)
        while view:  # a full disk may write less than it was given without an error
            view = view[file.write(view) :]
        os.fsync(file.fileno())


def _into_place(part: Path, path: Path, *, replace: bool) -> bool:
    if replace:
        part.replace(path)
        return True
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        if path.exists():
            return False
        part.replace(path)
    return True


def _sync_folder(folder: Path) -> None:
    with _opened(folder) as descriptor:
        os.fsync(descriptor)


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _verified(data: bytes, key: str) -> dict[str, Any]:
    """Return the body of a result file. Raises ValueError when it is torn, changed, or of another key."""
    try:
        whole = json.loads(data, parse_constant=_refuse)
        body: dict[str, Any] = whole["body"]
        sound = whole["key"] == key and whole["sha256"] == key_of(body) and canonical(whole).encode("ascii") == data
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if not sound:
        raise ValueError(f"{key} is damaged")
    return body


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _set_aside(path: Path) -> None:
    for number in range(1000):
        aside = path.with_name(f"{path.name}.corrupt-{number}")
        if not aside.exists():
            with contextlib.suppress(FileNotFoundError):
                path.replace(aside)
            return
