"""What a figure may open of a stored cell: the network that was tested, and the history of its training."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import selection_toy as toy
import torch
from astrobench.cli.figures import exhibits_of
from astrobench.errors import DataError
from astrobench.stages import datasets, weights
from astrobench.stock import Stock
from astrobench.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from astrobench import Exhibit
    from astrobench.registry import Registry


@pytest.fixture(scope="module", autouse=True)
def _toy_alone() -> Iterator[None]:
    with toy.only_these():
        yield


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    toy.sweep(folder).run()
    return folder


@pytest.fixture(autouse=True)
def _untrained(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make any training fail, once there are results."""

    def never(*args: Any, **more: Any) -> None:
        raise AssertionError("a training was started")

    monkeypatch.setattr(weights, "train", never)


def exhibits(root: Path, **changed: Any) -> tuple[Exhibit, ...]:
    return exhibits_of(Stock(toy.sweep(root, **changed).plan, Store(root)))


@pytest.mark.parametrize("rule", ["source_valid", "last"])
def test_an_opened_network_says_what_was_stored_of_the_epoch_that_the_rule_picks(root: Path, rule: str) -> None:
    toy.sweep(root, training={"selection": rule}).run()
    shown = exhibits(root, training={"selection": rule})
    assert len(shown) == 8
    for one in shown:
        network, part, found = one.network(), one.opened().tests[one.domain], one.predicted()
        assert not network.training
        place = {name: row for row, name in enumerate(part.ids)}
        images = part.stretch(np.asarray(part.images))[[place[name] for name in found.ids]]
        with torch.inference_mode():
            output = network(torch.from_numpy(images))
        np.testing.assert_allclose(output.logits.numpy(), found.logits, atol=1e-6)
        assert one.classes == found.classes


def test_a_dataset_is_opened_once_for_all_of_its_cells_and_not_before_it_is_asked_for(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    opened = datasets.open_dataset

    def counted(registry: Registry, choice: Any) -> Any:
        asked.append(choice.label)
        return opened(registry, choice)

    monkeypatch.setattr(datasets, "open_dataset", counted)
    shown = exhibits(root)
    assert asked == []
    for one in shown:
        one.network(), one.opened()
    assert asked == ["blobs"]


def test_a_history_has_a_line_an_epoch(root: Path) -> None:
    for one in exhibits(root):
        assert [told["epoch"] for told in one.history()] == list(range(8))


@pytest.mark.parametrize("lost", ["weights", "trainings"])
def test_what_is_not_stored_is_said_in_one_line_and_nothing_is_trained(root: Path, tmp_path: Path, lost: str) -> None:
    shutil.copytree(root, tmp_path / "results")
    shutil.rmtree(tmp_path / "results" / lost)
    one = exhibits(tmp_path / "results")[0]
    with pytest.raises(DataError, match=r"the weights of tiny, alone, seed 0 \(training \w{12}\) are not in") as said:
        one.network()
    assert "\n" not in str(said.value)
    if lost == "trainings":
        with pytest.raises(DataError, match=r"training \w{12} is not in \S+: run the suite again"):
            one.history()
