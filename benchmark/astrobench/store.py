"""The truth of a sweep: one immutable, hashed JSON file a result, and arrays under the hash of their bytes.

    <root>/trainings/ab/<key>.json      a finished training
    <root>/cells/ab/<key>.json          a predicted cell
    <root>/scores/ab/<key>.json         the numbers of a cell
    <root>/objects/ab/<sha256>          weights, predictions: safetensors
    <root>/truth/ab/<sha256>            labels of test sets, which the process of a training cannot read
    <root>/checkpoints/<key>/           where a killed training goes on; disposable
    <root>/claims/                      who is at work on what; disposable
    <root>/logs/, <root>/progress/      what workers print and how far they are; disposable

Nothing is changed in place and nothing needs a lock: a file is written beside its name, synced, and linked to it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from astrobench.errors import StoreError
from astrobench.keys import canonical, key_of
from astrobench.reading import bytes_of
from astrobench.writing import prove_writable
from astrobench.writing import write_atomically as write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np

ROOMS_OF_ARRAYS = ("objects", "truth")


@dataclass(frozen=True)
class Store:
    """A results directory."""

    root: Path

    def prepare(self) -> None:
        """Make the directory and prove that it can be written. Raises UnwritableError naming it and the reason."""
        prove_writable(self.root, "--results")

    def read(self, kind: str, key: str) -> dict[str, Any] | None:
        """Return {result, provenance}, or None where there is none; a damaged file is set aside and counts as none."""
        data = bytes_of(self._name(kind, key))
        try:
            return None if data is None else verified(data, key)
        except ValueError:
            set_aside(self.path(kind, key))
            return None

    def has(self, kind: str, key: str) -> bool:
        """Say whether a result is there (its bytes are verified when they are read)."""
        return os.path.isfile(self._name(kind, key))

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

    def put(self, arrays: Mapping[str, np.ndarray], room: Literal["objects", "truth"] = "objects") -> str:
        """Keep named arrays; return the SHA-256 of their safetensors bytes."""
        import numpy as np
        from safetensors.numpy import save

        data = save({name: np.ascontiguousarray(array) for name, array in sorted(arrays.items())})
        digest = hashlib.sha256(data).hexdigest()
        write_atomically(self.root / room / digest[:2] / digest, data)
        return digest

    def get(self, digest: str) -> dict[str, np.ndarray]:
        """Return the arrays kept under a hash. Raises StoreError when they are gone or damaged."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        path = self.object(digest)
        data = bytes_of(str(path))
        if data is None:
            raise StoreError(f"{path} is missing: run the suite again to compute it anew")
        try:
            if hashlib.sha256(data).hexdigest() != digest:
                raise ValueError(digest)
            arrays: dict[str, np.ndarray] = load(data)
        except (ValueError, SafetensorError):
            set_aside(path)
            raise StoreError(f"{path} is damaged and was set aside: run the suite again to compute it anew") from None
        return arrays

    def holds(self, digest: str) -> bool:
        """Say whether arrays are there (their bytes are verified when they are read)."""
        return any(os.path.isfile(f"{self.root}/{room}/{digest[:2]}/{digest}") for room in ROOMS_OF_ARRAYS)

    def path(self, kind: str, key: str) -> Path:
        """Return where a result lies."""
        return self.root / f"{kind}/{key[:2]}/{key}.json"

    def _name(self, kind: str, key: str) -> str:
        """Return a path as text: ten thousand `Path`s take longer to make than to read."""
        return f"{self.root}/{kind}/{key[:2]}/{key}.json"

    def object(self, digest: str) -> Path:
        """Return where arrays lie."""
        objects, truth = (self.root / room / digest[:2] / digest for room in ROOMS_OF_ARRAYS)
        return truth if truth.is_file() else objects

    def scratch(self, kind: str, name: str) -> Path:
        """Return a disposable file's path ("progress", "logs", "checkpoints"), its folder made."""
        path = self.root / kind / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def verified(data: bytes, key: str) -> dict[str, Any]:
    """Return the body of a result file. Raises ValueError when it is torn, changed, or of another key.

    The hash is of the body's own bytes, so that nothing is written out anew to be compared: 10,000 results are read
    in under a second.
    """
    head, tail = b'{"body":', f',"key":"{key}","sha256":"'.encode("ascii")
    text, told = data[len(head) : -len(tail) - 66], data[-66:-2]
    if data != b"".join((head, text, tail, told, b'"}')) or hashlib.sha256(text).hexdigest().encode("ascii") != told:
        raise ValueError(f"{key} is damaged")
    body: dict[str, Any] = _READER.decode(text.decode("ascii"))
    return body


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


_READER = json.JSONDecoder(parse_constant=_refuse)


def set_aside(path: Path) -> None:
    """Rename a damaged file, so that it counts as missing and can still be looked at."""
    for number in range(1000):
        aside = path.with_name(f"{path.name}.corrupt-{number}")
        if not aside.exists():
            with contextlib.suppress(FileNotFoundError):
                path.replace(aside)
            return
