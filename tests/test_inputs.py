"""`astrobench fsck --data` reads all that results were computed from, and trusts neither size, time nor memory."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from astrobench import contents
from astrobench.cli.app import app
from astrobench.contents import content_digest
from astrobench.inputs import check_inputs
from astrobench.keys import key_of
from astrobench.store import Store
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Iterator

SUITE = """
name = "mine"
version = 1
title = "case"
metrics = ["classification"]
[axes]
domain = ["near", "far"]
architecture = ["convnet"]
method = ["source_only"]
perturbation = ["none"]
seed = [0]
[[axes.dataset]]
plugin = "image_folder"
label = "mine"
[axes.dataset.params]
catalogue = "labels.txt"
source = "near"
target = "far"
size = 16
tests = ["else"]
[training]
epochs = 1
batch_size = 4
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A catalogue that is not called .csv, its images, and a suite, in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ASTROBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(contents, "SETTLED", -60.0)  # let a digest be remembered at once
    rng, lines = np.random.default_rng(0), ["path,label,domain,id"]
    for number in range(20):
        for domain in ("near", "far", "else", "moon"):
            np.save(tmp_path / f"{domain}-{number}.npy", rng.random((3, 8, 8), np.float32) * (1 + number % 2))
            lines.append(f"{domain}-{number}.npy,{'ab'[number % 2]},{domain},{number}")
    (tmp_path / "labels.txt").write_text("\n".join(lines))
    (tmp_path / "mine.toml").write_text(SUITE)
    return tmp_path


def astrobench(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def run() -> str:
    code, told = astrobench("run", "--suite", "mine.toml", "--in-process", "--no-figures", "--device", "cpu")
    assert code == 0
    return told


def briers() -> list[float]:
    records = next(Path("astrobench-results").glob("leaderboards/*/records/*.jsonl")).read_text().splitlines()
    return [body["scores"]["brier"]["value"] for body in map(json.loads, records) if "scores" in body]


def spoil(path: Path) -> None:
    """Change an image under its size and time."""
    told = path.stat()
    values = np.load(path)
    np.save(path, values[:, ::-1].copy())
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))
    assert path.stat().st_size == told.st_size


def test_changed_images_are_read_and_trained_on_anew_and_what_is_left_out_is_told(home: Path) -> None:
    told = run()
    left = "dataset 'mine': 20 of 80 rows are left out, whose domain is not source, target or in tests: 20 of 'moon'"
    assert told.count(left) == 1
    first = briers()
    assert astrobench("fsck", "--data")[0] == 0
    code, planned = astrobench("plan", "--suite", "mine.toml")
    assert "2 cells done" in planned
    assert " ".join(planned.split()).count(left) == 1
    for path in home.glob("*.npy"):
        spoil(path)
    code, found = astrobench("fsck", "--data")
    assert code == 1
    assert f"{home / 'labels.txt'} (catalogue): its content is " in found
    assert "and 1 trainings (" in found
    assert "data: 1 files or folders checked, 1 changed or gone" in found
    assert "0 cells done" in astrobench("plan", "--suite", "mine.toml")[1]
    run()
    assert briers() != first


def test_what_was_remembered_wrongly_is_found_and_mended(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = home / "labels.txt"
    wrong = content_digest(table)
    store = Store(home / "results")
    origin = {"files": [{"parameter": "catalogue", "path": str(table), "sha256": wrong}]}
    store.write("datasets", key_of("dataset"), {"truth": {}}, origin)
    store.write("trainings", key_of("training"), {}, {"dataset": key_of("dataset")})
    store.write("datasets", key_of("mock"), {"truth": {}}, {"files": []})
    store.write("datasets", key_of("older"), {"truth": {}}, {})
    spoil(home / "near-0.npy")
    monkeypatch.setattr(contents, "_facts", lambda files: ([], 0.0))  # a disk that shows no change
    contents._keep(str(table), [contents.hashlib.sha256(b"[]").hexdigest(), wrong])
    assert content_digest(table) == wrong
    found = check_inputs(store)
    assert (found.checked, found.unknown, [item.trainings for item in found.changed]) == (
        1, (key_of("older"),), [(key_of("training"),)],
    )  # fmt: skip
    assert content_digest(table) != wrong


def test_data_that_are_gone_are_named(home: Path) -> None:
    store = Store(home / "results")
    gone = str(home / "gone.csv")
    store.write(
        "datasets", key_of("dataset"), {}, {"files": [{"parameter": "folder", "path": gone, "sha256": "0" * 64}]}
    )
    code, told = astrobench("fsck", "--data", "--results", "results")
    assert code == 1
    assert f"{gone} (folder): '{gone}' is not there" in told


def test_a_damaged_file_of_the_cache_is_set_aside(home: Path) -> None:
    run()
    array = next((home / "cache" / "image_folder").glob("*.npy"))
    data = bytearray(array.read_bytes())
    data[-1] ^= 1
    array.write_bytes(bytes(data))
    code, told = astrobench("fsck", "--data")
    assert code == 1
    assert f"{array}: its bytes are not those of its seal; set aside: it is made again" in told
    assert not array.exists()
    assert astrobench("fsck", "--data")[0] == 0


def test_data_that_change_while_a_plan_is_carried_out_are_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from astrobench.cli.running import Wishes, ordered
    from astrobench.engine import Options, Sweep
    from astrobench.errors import DataError

    wishes = Wishes("mine.toml", None, None, None, None, None, None, "cpu", 1, home / "results", [])
    plan = ordered(wishes).plan
    spoil(home / "near-0.npy")
    store = Store(home / "results")
    store.prepare()
    with pytest.raises(
        DataError, match=r"catalogue = '.*labels\.txt' changed since the plan was made: plan and run again"
    ):
        Sweep(plan, store, Options(in_process=True)).run()
