"""What reads bytes that others wrote: a sound sample for each parser, and how it is called."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import fake_leaderboard as fake
import numpy as np
from astrobench.keys import key_of
from astrobench.leaderboard import build, picture, terminal, texts
from astrobench.records import Header, read_rows, write_rows
from astrobench.store import Store
from astrobench.suite import profiles_of, read_suite
from astrobench_galaxies.arrays import open_npy
from astrobench_galaxies.catalogue import read_catalogue
from astrobench_galaxies.image_files import read_image
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SUITE = """
name = "fuzzed"
version = 1
title = "A suite"
[axes]
dataset = ["lsst_mock", {plugin = "lsst_mock", label = "few", params = {galaxies = 60}}]
domain = ["Y10", "Y1"]
architecture = ["convnet"]
method = ["source_only", {plugin = "mmd", params = {weight = 1.0}}]
perturbation = ["none"]
seed = [0, 1]
[training]
epochs = 2
batch_size = 8
[[columns]]
title = "accuracy"
score = "accuracy"
domain = "Y1"
[profiles.quick.training]
epochs = 1
"""


CATALOGUE = b"path,label,domain,split,id\na.png,0,x,train,1\nb.fits,1,y,test,2\n"


@dataclass(frozen=True)
class Parser:
    """Something that reads a file. weight: its share of the inputs. read: raises AstrobenchError, or nothing."""

    suffix: str
    sample: bytes
    read: Callable[[Path], Any]
    weight: int = 10


def parsers(folder: Path) -> dict[str, Parser]:
    """Return every parser by name. folder: scratch, made here."""
    folder.mkdir(parents=True, exist_ok=True)
    store = Store(folder / "results")
    board = folder / "board"
    (board / "records").mkdir(parents=True, exist_ok=True)
    return {
        "records": Parser(".jsonl", _records(folder), read_rows, 100),
        "leaderboard": Parser(".jsonl", _records(folder), lambda path: _shown(board, path), 1),
        "suite": Parser(".toml", SUITE.encode(), _suite, 2),
        "catalogue": Parser(".csv", CATALOGUE, read_catalogue, 60),
        "array": Parser(".npy", _npy(), open_npy, 80),
        "image": Parser(".png", _png(), read_image, 20),
        "cut-out": Parser(".npy", _npy(), read_image, 20),
        "result": Parser(".json", b"", lambda path: _result(store, path), 20),
        "objects": Parser(".safetensors", _safetensors(), lambda path: _objects(store, path), 20),
    }


def _suite(path: Path) -> None:
    profiles_of(path)
    read_suite(path)
    read_suite(path, "quick")


def _records(folder: Path) -> bytes:
    path = folder / "sound.jsonl"
    suite = {**fake.SUITE, "axes": {"dataset": [{"plugin": "lsst_mock", "label": "mock", "params": {"galaxies": 60}}]}}
    suite |= {"columns": fake.COLUMNS[1:3], "published": fake.SUITE["published"][:1]}
    rows = [row for row in fake.rows(("ConvNet",), seeds=(0,), images=20) if row.domain == "Y1"][:2]
    write_rows(path, Header(suite, "laptop", "astrobench run"), rows)
    return path.read_bytes()


def _shown(board: Path, path: Path) -> None:
    path.replace(board / "records" / "a.jsonl")
    found = build(board)
    texts(found)
    picture(found, "A title")
    Console(file=io.StringIO(), width=100).print(terminal(found))


def _npy() -> bytes:
    file = io.BytesIO()
    np.save(file, np.ones((1, 4, 4), np.float32))
    return file.getvalue()


def _png() -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


def _safetensors() -> bytes:
    from safetensors.numpy import save

    return save({"logits": np.ones((4, 2), np.float32), "ids": np.zeros(3, np.uint8)})


def _result(store: Store, path: Path) -> Any:
    """Read bytes as a result whose hash and key are right, so that only their form can be wrong."""
    key = key_of("fuzzed")
    place = store.path("cells", key)
    place.parent.mkdir(parents=True, exist_ok=True)
    path.replace(place)
    found = store.read("cells", key)
    for left in place.parent.glob("*.corrupt-*"):
        left.unlink()
    return found


def _objects(store: Store, path: Path) -> Any:
    """Read bytes as arrays under their own hash, as an attacker would file them."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    place = store.object(digest)
    place.parent.mkdir(parents=True, exist_ok=True)
    path.replace(place)
    try:
        return store.get(digest)
    finally:
        for left in place.parent.glob("*"):
            left.unlink()


def result_sample() -> bytes:
    """Return a sound result file."""
    from astrobench.keys import canonical

    body = {"result": {"prediction": "0" * 64, "layers": ["a"]}, "provenance": {"seconds": 1.5}}
    return canonical({"key": key_of("fuzzed"), "sha256": key_of(body), "body": body}).encode()


def as_json(data: bytes) -> list[Any] | None:
    """Return the lines of bytes as JSON, None where they are none."""
    try:
        return [json.loads(line) for line in data.decode().splitlines()]
    except ValueError:
        return None
