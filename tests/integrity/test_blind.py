"""What a training keeps of a dataset, what the driver remembers, and whose code the scoring imports."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

import numpy as np
from astrobench import Dataset, Labelled, Unlabelled
from astrobench.keys import key_of
from astrobench.registry import Registry
from astrobench.stages.blind import opened_blind
from astrobench.store import Store
from astrobench.witness import Witness
from distributions import install

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

SECRET = 987_654
LAB = '''
    """A lab."""
    import astrobench

    @astrobench.hookimpl
    def astrobench_metrics():
        return {"NAME": "x:y"}
'''


def opened() -> Dataset:
    def part(n: int, label: int) -> Labelled:
        return Labelled(
            np.zeros((n, 1, 4, 4), np.float32), np.arange(n).astype(str), np.asarray, labels=np.full(n, label)
        )

    target = part(3, SECRET)
    return Dataset(
        train=part(3, 1), valid=part(3, 2), target=Unlabelled(target.images, target.ids, target.stretch),
        tests={"A": part(3, 3), "B": part(3, SECRET)}, unit="", pixel_scale=1.0, bands=("r",), classes=("x", "y"),
        licence="", citation="", synthetic=True, oracle=lambda: target,
    )  # fmt: skip


def test_only_the_source_keeps_its_labels() -> None:
    dataset = opened_blind(opened, "A")
    assert dataset.tests["A"].labels.tolist() == [3, 3, 3]
    assert dataset.tests["B"].labels.tolist() == [-1, -1, -1]
    assert dataset.train.labels.tolist() == [1, 1, 1]


def test_nothing_in_the_process_holds_a_target_label() -> None:
    dataset = opened_blind(opened, "A")
    arrays = (thing for holder in gc.get_objects() for thing in gc.get_referents(holder) if type(thing) is np.ndarray)
    assert not any(array.dtype.kind == "i" and SECRET in array for array in arrays)
    assert dataset.oracle is not None


def test_an_oracle_still_gets_its_labels() -> None:
    oracle = opened_blind(opened, "A").oracle
    assert oracle is not None
    assert oracle().labels.tolist() == [SECRET] * 3


def test_a_score_that_appeared_or_changed_is_not_known(tmp_path: Path) -> None:
    store, witness, key = Store(tmp_path), Witness(), key_of("score")
    store.write("scores", key, {"scores": {"accuracy": 0.5}}, {})
    assert not witness.knows(store, key)
    witness.see(store, [], [], [key])
    assert witness.knows(store, key)
    store.path("scores", key).unlink()
    store.write("scores", key, {"scores": {"accuracy": 1.0}}, {})
    assert not witness.knows(store, key)


def test_a_training_speaks_for_its_own_cells_only() -> None:
    witness = Witness(predictions={"mine": "a", "another's": "b"})
    witness.hear_training(["mine"], {"predictions": {"mine": "c", "another's": "d"}, "scores": {"s": "forged"}})
    assert witness.predictions == {"mine": "c", "another's": "b"}
    assert witness.scores == {}


def test_a_registry_of_some_distributions_imports_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("lab-one", "lab-two"):
        install(monkeypatch, tmp_path, name, {name.replace("-", "_"): LAB.replace("NAME", name)})
    registry = Registry.load(only={"lab-one"})
    assert [plugin.name for plugin in registry.plugins] == ["lab-one"]
    assert "lab_one" in sys.modules
    assert "lab_two" not in sys.modules
