"""A store that is read once forgets nothing that was there, and takes nothing for gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astrobench.keys import key_of
from astrobench.reading import MOUTHFUL, bytes_of
from astrobench.recalling import Recalling
from astrobench.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

KEY = key_of("cell")


def test_what_was_there_is_read_once(tmp_path: Path) -> None:
    store, recalling = Store(tmp_path), Recalling(tmp_path)
    store.write("cells", KEY, {"accuracy": 0.5}, {})
    assert recalling.read("cells", KEY) == store.read("cells", KEY)
    store.path("cells", KEY).unlink()
    assert recalling.has("cells", KEY)
    assert recalling.read("cells", KEY) == {"result": {"accuracy": 0.5}, "provenance": {}}
    assert not recalling.has("scores", KEY)


def test_what_was_not_there_is_looked_for_anew(tmp_path: Path) -> None:
    recalling = Recalling(tmp_path)
    assert recalling.read("cells", KEY) is None
    assert not recalling.has("cells", KEY)
    Store(tmp_path).write("cells", KEY, {"accuracy": 0.5}, {})
    assert recalling.has("cells", KEY)
    assert recalling.read("cells", KEY) is not None


def test_a_result_that_was_changed_before_it_is_read_counts_as_none(tmp_path: Path) -> None:
    store, recalling = Store(tmp_path), Recalling(tmp_path)
    store.write("cells", KEY, {"accuracy": 0.5}, {})
    store.path("cells", KEY).write_bytes(store.path("cells", KEY).read_bytes().replace(b"0.5", b"0.9"))
    assert recalling.read("cells", KEY) is None
    assert not recalling.has("cells", KEY)


def test_a_file_of_any_size_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    path, read = tmp_path / "file", os.read
    monkeypatch.setattr(os, "read", lambda descriptor, size: read(descriptor, min(size, 70_000)))  # as a network may
    for size in (0, 1, MOUTHFUL, 5 * MOUTHFUL + 1):
        path.write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
        assert bytes_of(str(path)) == path.read_bytes()
    assert bytes_of(str(tmp_path / "gone")) is None
