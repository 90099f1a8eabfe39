"""Model selection without target labels: what is kept, what rules see, and what a new rule costs."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import selection_toy as toy
import torch
from astrobench.errors import SuiteError
from astrobench.records import Header, read_rows, write_rows
from astrobench.rules import RULES, VALIDATORS
from astrobench.stages import weights as weights_stage
from astrobench.stages.checkpoints import checkpoint_in, kept_at
from astrobench.stages.prepare import names_in
from astrobench.store import Store
from astrobench.suite import Training
from astrobench.training import Checkpoint, Material, Run, train
from astrobench.training.keeping import LEAST, MOST, SHARE, images_told, told
from astrobench.types import Dataset, Regression
from astrobench_networks.convnet import convnet
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from astrobench.records import Row

SEEING = "seeing"  # the oracle


@pytest.fixture(scope="module", autouse=True)
def _toy_alone() -> Iterator[None]:
    with toy.only_these():
        yield


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    assert {row.status for row in toy.sweep(folder).run()} == {"ok"}
    return folder


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make any training fail."""

    def never(*args: Any, **more: Any) -> None:
        raise AssertionError("a training was started")

    monkeypatch.setattr(weights_stage, "train", never)


def rows(root: Path) -> dict[str, Row]:
    return toy.picked(toy.sweep(root).rows())


def test_a_row_of_the_target_tells_what_every_rule_picks_and_how_good_each_epoch_is(root: Path) -> None:
    for method, row in rows(root).items():
        found = row.checkpoints
        assert set(found["picked"]) == set(RULES)
        assert set(found["values"]) == {"source_valid", *VALIDATORS}
        assert set(found["picked"].values()) <= set(found["epochs"])
        assert found["picked"]["last"] == max(found["epochs"]) == 7
        assert {0, 2, 3, 5, 7} <= set(found["epochs"])
        assert len(found["accuracy"]) == len(found["epochs"])
        assert all(len(values) == len(found["epochs"]) for values in found["values"].values())
        assert found["rule"] == ("last" if method == SEEING else "source_valid")
    assert all(not row.checkpoints for row in toy.sweep(root).rows() if row.domain == "source")


def test_permuted_target_labels_change_no_pick_and_no_value_but_the_oracle_s(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOY_PERMUTED", "1")
    toy.sweep(tmp_path).run()
    before, after = rows(root), rows(tmp_path)
    for method in before.keys() - {SEEING}:
        one, other = before[method].checkpoints, after[method].checkpoints
        assert [one[name] for name in ("epochs", "picked", "values")] == [
            other[name] for name in ("epochs", "picked", "values")
        ]
        best = [int(np.argmax(found["accuracy"])) for found in (one, other)]
        assert one["accuracy"] != other["accuracy"], best
    assert before[SEEING].checkpoints["values"] != after[SEEING].checkpoints["values"]


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize("rule", ["last", "entropy", "snd"])
def test_a_finished_sweep_takes_any_rule_without_training_and_tests_the_epoch_that_it_picks(
    root: Path, rule: str
) -> None:
    swept = toy.sweep(root, training={"selection": rule})
    found = toy.picked(swept.run())
    store = Store(root)
    for method, row in found.items():
        assert row.status == "ok"
        assert row.checkpoints["rule"] == ("last" if method == SEEING else rule)
        trained, cell = store.read("trainings", row.training), store.read("cells", row.cell)
        assert trained is not None
        assert cell is not None
        epoch = row.checkpoints["picked"][row.checkpoints["rule"]]
        said = store.get(trained["result"]["told"][row.checkpoints["epochs"].index(epoch)])["test target/logits"]
        shown = names_in(store.get(trained["result"]["images"])["test target/ids"])
        tested = store.get(cell["result"]["prediction"])
        place = {name: number for number, name in enumerate(names_in(tested["ids"]))}
        assert np.allclose(tested["logits"][[place[name] for name in shown]], said, atol=1e-5)


@pytest.mark.usefixtures("untrained")
def test_a_validator_that_is_added_later_judges_an_old_sweep_without_training(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = rows(root)
    monkeypatch.setitem(VALIDATORS, "spread_of_latents", "selection_toy:spread_of_latents")
    assert {method: row.checkpoints for method, row in rows(root).items()} == {method: {} for method in before}
    toy.sweep(root).run()
    for method, row in rows(root).items():
        values = row.checkpoints["values"]["spread_of_latents"]
        best = row.checkpoints["epochs"][int(np.argmax(values))]
        assert row.checkpoints["picked"]["spread_of_latents"] == best
        assert {name: v for name, v in row.checkpoints["values"].items() if name != "spread_of_latents"} == before[
            method
        ].checkpoints["values"]


def test_weights_that_no_rule_had_asked_for_are_trained_again_to_the_same_record(tmp_path: Path) -> None:
    swept = toy.sweep(tmp_path, axes={"method": ["alone"]})
    first = swept.run()
    for path in (*(tmp_path / "weights").rglob("*.json"), *(tmp_path / "cells").rglob("*.json")):
        path.unlink()
    again = toy.sweep(tmp_path, axes={"method": ["alone"]}).run()
    assert [(row.cell, row.correct) for row in first] == [(row.cell, row.correct) for row in again]
    assert not (tmp_path / "conflicts").exists()


def test_records_hold_what_was_picked_and_leave_out_what_is_not_there(root: Path, tmp_path: Path) -> None:
    path, there = tmp_path / "rows.jsonl", toy.sweep(root).rows()
    write_rows(path, Header({"name": "toy"}, "", ""), there)
    assert {row.identity: row.checkpoints for row in read_rows(path)[1]} == {r.identity: r.checkpoints for r in there}
    assert sum('"checkpoints"' in line for line in path.read_text().splitlines()) == 4


def test_an_unknown_rule_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r'training\.selection = "snnd": is not allowed; did you mean \'snd\'\?'):
        toy.sweep(tmp_path, training={"selection": "snnd"})


@given(st.integers(1, 10**6), st.integers(1, 500), st.integers(1, 10), st.integers(3, 6))
def test_what_is_told_of_is_a_small_share_of_what_is_learned_from(
    train: int, epochs: int, kept: int, parts: int
) -> None:
    count = images_told(train, epochs, kept, parts)
    assert LEAST <= count <= MOST
    assert count == LEAST or count * parts * (kept + 1) <= SHARE * train * epochs


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return toy.tiny((3, 12, 12), 3).eval()


def test_a_latent_too_large_for_float16_stays_float32_and_test_images_leave_none() -> None:
    model, images = network(), torch.rand(5, 3, 12, 12)
    small = told(model, {"target": images, "test x": images})
    assert set(small) == {"target/logits", "target/latent", "test x/logits"}
    assert small["target/latent"].dtype == np.float16
    assert np.allclose(small["target/latent"], model(images).latent.detach(), rtol=2e-3, atol=1e-4)
    with torch.no_grad():
        model.get_parameter("bottleneck.bias").fill_(1e6)
    assert told(model, {"target": images})["target/latent"].dtype == np.float32


@pytest.mark.parametrize("harm", ["damaged", "missing"])
def test_a_killed_training_whose_kept_epochs_are_not_whole_starts_anew(tmp_path: Path, harm: str) -> None:
    checkpoint = checkpoint_in(tmp_path, torch.device("cpu"), lambda model: {"a": torch.ones(3)})
    model = network()
    checkpoint.keep(4, model)
    checkpoint.save(Run(epoch=5, best={"w": torch.zeros(2)}, best_epoch=4, kept=[4]), {"model/x": torch.ones(1)})
    run, tensors = checkpoint.load() or pytest.fail("nothing was kept")
    assert (run.kept, run.best_epoch, list(run.best), list(tensors)) == ([4], 4, ["w"], ["model/x"])
    assert kept_at(tmp_path, 4, "told")["a"].tolist() == [1, 1, 1]
    assert kept_at(tmp_path, 4, "weights").keys() == model.state_dict().keys()
    (path,) = tmp_path.glob("epoch-*")
    if harm == "missing":
        path.unlink()
    else:
        data = bytearray(path.read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
    assert checkpoint.load() is None


def test_a_killed_training_keeps_what_it_had_and_ends_with_the_same(tmp_path: Path) -> None:
    """Killed after the fourth of eight epochs: what was kept by then is not told again, the rest is the same bits."""
    material = blobs()

    def run(folder: Path, *, killed_after: int = 99) -> list[int]:
        spoken: list[int] = []
        kept = checkpoint_in(folder, torch.device("cpu"), lambda model: {"said": model(material.inputs[:4]).logits})

        def keep(epoch: int, model: torch.nn.Module) -> None:
            spoken.append(epoch)
            with torch.inference_mode():
                kept.keep(epoch, model)

        def save(run: Run, tensors: dict[str, torch.Tensor]) -> None:
            kept.save(run, tensors)
            if run.epoch == killed_after:
                raise KeyboardInterrupt

        torch.manual_seed(0)
        rules = Training(epochs=8, batch_size=18, augment=("flips",))
        model = convnet((3, 12, 12), 3).to(memory_format=torch.channels_last)
        train(model, toy.alone(256, 3), material, rules, "toy/0", Checkpoint(kept.load, save, keep))
        return spoken

    assert run(tmp_path / "whole") == [0, 2, 3, 5, 7]
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "killed", killed_after=4)
    assert run(tmp_path / "killed") == [5, 7]
    for epoch in (0, 2, 3, 5, 7):
        for part in ("told", "weights"):
            whole, killed = (kept_at(tmp_path / name, epoch, part) for name in ("whole", "killed"))
            assert whole.keys() == killed.keys()
            assert all(torch.equal(whole[name], killed[name]) for name in whole)


def blobs() -> Material:
    data = toy.dataset()
    inputs, labels = torch.from_numpy(data.train.images), torch.from_numpy(data.train.labels)
    return Material(inputs, labels, inputs[:18], labels[:18], torch.from_numpy(data.target.images), 3)


def test_a_validator_on_a_regression_is_refused_before_it_trains() -> None:
    bare = Dataset.__new__(Regression)
    job = SimpleNamespace(training={"selection": "snd"}, dataset=SimpleNamespace(label="maps"))
    with pytest.raises(
        SuiteError, match=r"'snd' needs classes, and 'maps' is a regression: choose last or source_valid"
    ):
        weights_stage._check_rule(SimpleNamespace(job=job, dataset=bare))  # type: ignore[arg-type]


def test_the_toy_is_found_by_its_module_name() -> None:
    """A validator is named by module: the one that is added later lives where a test can import it."""
    assert sys.modules["selection_toy"] is toy
