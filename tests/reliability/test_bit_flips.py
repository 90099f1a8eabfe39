"""One flipped bit anywhere in a result, in weights or in predictions is found, every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from astrobench.errors import StoreError
from astrobench.keys import key_of
from astrobench.stages.checkpoints import checkpoint_in
from astrobench.store import Store
from astrobench.training import Run
from astrobench.upkeep import fsck

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FLIPS = 500
KEY = key_of("cell")
ARRAYS = {
    "weights": {"conv.weight": np.arange(64, dtype=np.float32), "bn.num_batches_tracked": np.array(7)},
    "predictions": {"logits": np.ones((8, 3), np.float32), "ids": np.frombuffer(b'["a","b"]', np.uint8)},
}


def flipped(path: Path) -> Iterator[int]:
    """Break a file in one random bit after another, each from its sound bytes."""
    sound = path.read_bytes()
    for bit in np.random.default_rng(0).integers(8 * len(sound), size=FLIPS).tolist():
        broken = bytearray(sound)
        broken[bit // 8] ^= 1 << bit % 8
        path.write_bytes(broken)
        yield bit
        for aside in path.parent.glob("*.corrupt-*"):
            aside.unlink()


def test_500_of_500_flips_of_a_result_are_found(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.write("cells", KEY, {"scores": {"accuracy": 0.5}, "correct": "q83v"}, {"seconds": 1.25})
    found = sum(store.read("cells", KEY) is None for _ in flipped(store.path("cells", KEY)))
    assert found == FLIPS


@pytest.mark.parametrize("kind", ARRAYS)
def test_500_of_500_flips_of_arrays_are_found(tmp_path: Path, kind: str) -> None:
    store = Store(tmp_path)
    digest = store.put(ARRAYS[kind])
    found = 0
    for _ in flipped(store.object(digest)):
        with pytest.raises(StoreError, match="damaged and was set aside"):
            store.get(digest)
        found += 1
    assert found == FLIPS


def test_500_of_500_flips_are_found_by_fsck(tmp_path: Path) -> None:
    store = Store(tmp_path)
    digest = store.put(ARRAYS["weights"])
    assert sum(len(fsck(store).damage) for _ in flipped(store.object(digest))) == FLIPS


def test_500_of_500_flips_of_a_checkpoint_are_found(tmp_path: Path) -> None:
    checkpoint = checkpoint_in(tmp_path, torch.device("cpu"), lambda model: {})
    weight = torch.arange(6.0).view(1, 3, 2, 1).to(memory_format=torch.channels_last)
    checkpoint.save(Run(2, [{"epoch": 0, "loss": 0.25}, {"epoch": 1, "loss": 0.125}]), {"model/weight": weight})
    kept = checkpoint.load()
    assert kept is not None
    assert (kept[0].epoch, kept[1]["model/weight"].stride()) == (2, weight.stride())
    assert sum(checkpoint.load() is None for _ in flipped(tmp_path / "last")) == FLIPS


@pytest.mark.parametrize("size", [0, 1, 100])
def test_a_file_that_was_cut_short_or_swapped_is_found(tmp_path: Path, size: int) -> None:
    store, other = Store(tmp_path), key_of("another cell")
    store.write("cells", KEY, {"accuracy": 0.5}, {})
    sound = store.path("cells", KEY).read_bytes()
    store.path("cells", KEY).write_bytes(sound[:size])
    assert store.read("cells", KEY) is None
    store.path("cells", other).parent.mkdir(parents=True)
    store.path("cells", other).write_bytes(sound)
    assert store.read("cells", other) is None
