"""A results directory can be checked, cleaned and packed, and nothing that is needed is lost by it."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from astrobench.cli.app import app
from astrobench.errors import StoreError
from astrobench.keys import key_of
from astrobench.store import Store
from astrobench.upkeep import fsck, remove, waste
from typer.testing import CliRunner

if TYPE_CHECKING:
    from pathlib import Path

TRAINING, CELL, DATASET = key_of("training"), key_of("cell"), key_of("dataset")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A finished training with one cell and its truth, everything two days old."""
    store = Store(tmp_path)
    arrays = {name: store.put({name: np.arange(9.0)}) for name in ("weights", "prediction", "truth")}
    store.write("trainings", TRAINING, {"weights": arrays["weights"], "history": []}, {})
    store.write("cells", CELL, {"prediction": arrays["prediction"]}, {})
    store.write("datasets", DATASET, {"truth": {"Y10": arrays["truth"]}}, {})
    store.write("scores", key_of("score"), {"accuracy": 0.5}, {})
    grow_old(store)
    return store


def grow_old(store: Store) -> None:
    for path in store.root.rglob("*"):
        os.utime(path, (time.time() - 2 * 86400,) * 2)


def flip(path: Path, bit: int = 99) -> None:
    data = bytearray(path.read_bytes())
    data[bit // 8 % len(data)] ^= 1 << bit % 8
    path.write_bytes(bytes(data))


def astrobench(*words: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(word) for word in words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def files(store: Store) -> set[Path]:
    return {path for path in store.root.rglob("*") if path.is_file()}


def test_a_sound_directory_is_said_to_be_sound(store: Store) -> None:
    before = files(store)
    health = fsck(store)
    assert (health.checked, health.damage, health.conflicts) == (7, (), ())
    assert astrobench("fsck", "--results", store.root) == (0, f"{store.root}: 7 files checked, all sound\n")
    assert files(store) == before


@pytest.mark.parametrize(
    ("kind", "key", "remedy"),
    [
        ("trainings", TRAINING, "trains it again"),
        ("cells", CELL, "predicts it again"),
        ("datasets", DATASET, "prepares the dataset again"),
        ("scores", key_of("score"), "scores it again"),
    ],
)
def test_a_damaged_result_is_set_aside_with_what_follows(store: Store, kind: str, key: str, remedy: str) -> None:
    flip(store.path(kind, key))
    code, told = astrobench("fsck", "--results", store.root)
    assert code == 1
    assert str(store.path(kind, key)) in told
    assert remedy in told
    assert not store.path(kind, key).exists()
    assert astrobench("fsck", "--results", store.root)[0] == 0


@pytest.mark.parametrize("kind", ["trainings", "cells", "datasets"])
@pytest.mark.parametrize("end", ["flipped", "gone"])
def test_a_result_whose_arrays_are_lost_is_computed_anew_with_them(store: Store, kind: str, end: str) -> None:
    key = {"trainings": TRAINING, "cells": CELL, "datasets": DATASET}[kind]
    kept = store.read(kind, key)
    assert kept is not None
    (digest,) = [v if isinstance(v, str) else v["Y10"] for v in kept["result"].values() if v]
    flip(store.object(digest)) if end == "flipped" else store.object(digest).unlink()
    assert store.path(kind, key) in {damage.path for damage in fsck(store).damage}
    assert store.read(kind, key) is None
    assert not store.holds(digest)


def test_a_damaged_checkpoint_is_set_aside(store: Store) -> None:
    last = store.root / "checkpoints" / key_of("another") / "last"
    last.parent.mkdir(parents=True)
    data = b"tensors"
    last.write_bytes(json.dumps({"sha256": "0" * 64, "run": {}}).encode() + b"\n" + data)
    (damage,) = fsck(store).damage
    assert damage.path == last
    assert not last.exists()


def test_a_result_that_differs_from_the_first_is_pointed_at(store: Store) -> None:
    store.write("scores", key_of("score"), {"accuracy": 0.6}, {})
    code, told = astrobench("fsck", "--results", store.root)
    assert code == 0
    assert "differs from the first result of its key" in told


def test_cleaning_keeps_all_that_is_needed(store: Store) -> None:
    needed = files(store)
    assert waste(store, 0) == ()
    remove(waste(store, 0))
    assert files(store) == needed


def litter(store: Store) -> set[Path]:
    orphan = store.object(store.put({"nobody's": np.zeros(5)}))
    left = {
        store.root / ".probe-17",
        store.root / "claims" / f"training-{TRAINING}",
        store.root / "leaderboards" / "toy" / "records" / ".tmp-17-run",
        store.root / "cells" / CELL[:2] / ".tmp-host-1-2",
        store.root / "progress" / f".training-{TRAINING[:16]}.json-5",
        store.root / "progress" / f"training-{TRAINING[:16]}.json",
        store.root / "checkpoints" / TRAINING / "last",
        store.root / "cells" / CELL[:2] / f"{key_of('x')}.json.corrupt-0",
    }
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return {orphan, *left}


def test_cleaning_removes_what_is_old_and_unneeded_and_a_dry_run_nothing(store: Store) -> None:
    needed, left = files(store), litter(store)
    unfinished = store.root / "checkpoints" / key_of("unfinished") / "last"
    unfinished.parent.mkdir()
    unfinished.write_text("x")
    grow_old(store)
    code, told = astrobench("gc", "--results", store.root, "--dry-run")
    assert code == 0
    assert "would be freed" in told
    assert files(store) == needed | left | {unfinished}
    assert astrobench("gc", "--results", store.root)[0] == 0
    assert files(store) == needed | {unfinished}


def test_cleaning_leaves_what_a_run_beside_it_may_just_have_written(store: Store) -> None:
    left = litter(store)
    assert waste(store, 24) == ()
    assert {item.path for item in waste(store, 0)} >= {path for path in left if path.name != "last"}


def test_cleaning_refuses_where_it_cannot_know_what_is_needed(store: Store) -> None:
    flip(store.path("cells", CELL))
    with pytest.raises(StoreError, match="run astrobench fsck first"):
        waste(store, 24)


@pytest.mark.parametrize("command", ["fsck", "gc"])
def test_a_folder_that_is_not_there_is_named(tmp_path: Path, command: str) -> None:
    with pytest.raises(StoreError, match=r"there are no results in .*nowhere; name the folder with --results"):
        astrobench(command, "--results", tmp_path / "nowhere")


def test_packing_writes_the_rows_of_a_suite_sorted_and_the_same_each_time(store: Store, tmp_path: Path) -> None:
    words = ("--suite", "deepadversaries", "--profile", "smoke", "--results", store.root)
    assert astrobench("pack", tmp_path / "one", *words)[0] == 1  # nothing of that suite is computed here
    assert astrobench("pack", tmp_path / "two", *words)[0] == 1
    one, two = ((tmp_path / name / "records" / "smoke.jsonl").read_bytes() for name in ("one", "two"))
    assert one == two
    header, *rows = map(json.loads, one.splitlines())
    assert header["header"]["profile"] == "smoke"
    assert {row["status"] for row in rows} == {"missing"}
