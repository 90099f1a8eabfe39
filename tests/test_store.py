"""The store keeps the first result of a key, whole or not at all, and notices every change."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
from astrobench.errors import StoreError
from astrobench.keys import key_of
from astrobench.store import Store

if TYPE_CHECKING:
    from pathlib import Path

KEY = key_of("cell")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_a_result_comes_back_with_its_provenance(store: Store) -> None:
    assert store.read("cells", KEY) is None
    store.write("cells", KEY, {"accuracy": 0.5}, {"seconds": 1.0})
    assert store.read("cells", KEY) == {"result": {"accuracy": 0.5}, "provenance": {"seconds": 1.0}}


def test_the_first_result_stays_and_another_is_kept_as_a_conflict(store: Store) -> None:
    store.write("cells", KEY, {"accuracy": 0.5}, {"seconds": 1.0})
    store.write("cells", KEY, {"accuracy": 0.5}, {"seconds": 2.0})
    assert not (store.root / "conflicts").exists()
    store.write("cells", KEY, {"accuracy": 0.6}, {"seconds": 1.0})
    kept = store.read("cells", KEY)
    assert kept is not None
    assert kept["result"] == {"accuracy": 0.5}
    assert len(list((store.root / "conflicts").iterdir())) == 1


def test_every_flipped_bit_of_a_result_is_noticed_and_set_aside(store: Store) -> None:
    store.write("cells", KEY, {"accuracy": 0.5}, {})
    path = store.path("cells", KEY)
    sound = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(100):
        bit = int(rng.integers(8 * len(sound)))
        broken = bytearray(sound)
        broken[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bytes(broken))
        assert store.read("cells", KEY) is None
        assert not path.exists()
    assert len(list(path.parent.glob("*.corrupt-*"))) == 100


def test_a_result_under_another_key_does_not_count(store: Store) -> None:
    store.write("cells", KEY, {"accuracy": 0.5}, {})
    other = key_of("another cell")
    store.path("cells", other).parent.mkdir(parents=True)
    store.path("cells", KEY).rename(store.path("cells", other))
    assert store.read("cells", other) is None


def test_arrays_come_back_as_they_were_and_one_flipped_bit_is_noticed(store: Store) -> None:
    arrays = {"latent": np.arange(6, dtype=np.float32).reshape(2, 3), "success": np.array([True, False])}
    digest = store.put(arrays)
    back = store.get(digest)
    assert {name: array.tolist() for name, array in back.items()} == {n: a.tolist() for n, a in arrays.items()}
    data = bytearray(store.object(digest).read_bytes())
    data[-1] ^= 1
    store.object(digest).write_bytes(bytes(data))
    with pytest.raises(StoreError, match="damaged and was set aside"):
        store.get(digest)
    with pytest.raises(StoreError, match="missing"):
        store.get(digest)


def test_without_hard_links_a_result_is_still_kept_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    store.write("cells", KEY, {"accuracy": 0.5}, {})
    store.write("cells", KEY, {"accuracy": 0.6}, {})
    kept = store.read("cells", KEY)
    assert kept is not None
    assert kept["result"] == {"accuracy": 0.5}


def test_a_directory_that_cannot_be_written_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match=r"cannot write to .*file.*; choose another with --results"):
        Store(tmp_path / "file" / "results").prepare()


def test_nothing_is_left_beside_the_files(store: Store) -> None:
    store.prepare()
    store.write("cells", KEY, {"accuracy": 0.5}, {})
    assert not [path for path in store.root.rglob(".*") if path.is_file()]
