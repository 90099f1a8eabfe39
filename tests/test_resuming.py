"""A sweep that is finished is found so by reading each of its results once; what runs meanwhile is not trusted."""

from __future__ import annotations

import json
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from astrobench.engine import Options, Sweep
from astrobench.keys import canonical, key_of
from astrobench.store import Store
from performance.harness import fill, planned

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from astrobench.carrying import Work
    from astrobench.plan import Plan


@pytest.fixture(scope="module")
def plan() -> Plan:
    return planned(20)


@pytest.fixture
def store(plan: Plan, tmp_path: Path) -> Store:
    store = Store(tmp_path)
    fill(plan, store)
    return store


class Crew:
    """One that carries nothing out but what a cheat would do, and remembers what it was asked for."""

    def __init__(self, cheat: Any) -> None:
        self.cheat, self.asked = cheat, []

    def carry_out(self, works: list[Work]) -> Iterator[Any]:
        self.asked += works
        if works:
            self.cheat()
        return iter(())


def forged(store: Store, key: str) -> None:
    """Write a score anew, whole and with the hash of its bytes, as better than it is."""
    path = store.path("scores", key)
    body = json.loads(path.read_bytes())["body"]
    body["result"]["scores"]["accuracy"]["value"] = 1.0
    path.write_text(canonical({"key": key, "sha256": key_of(body), "body": body}))


def test_every_result_of_a_finished_sweep_is_opened_once(
    plan: Plan, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: Counter[str] = Counter()
    really = os.open

    def counted(path: Any, *words: Any, **more: Any) -> int:
        opened[str(path)] += 1
        return really(path, *words, **more)

    monkeypatch.setattr(os, "open", counted)
    rows = Sweep(plan, store, Options()).run()
    assert {row.status for row in rows} == {"ok"}
    records = {path: count for path, count in opened.items() if path.endswith(".json")}
    assert set(records.values()) == {1}
    assert len(records) == 2 * len(plan.cells) + 2 * len(plan.jobs) + 1


def test_a_score_that_is_forged_while_something_runs_is_computed_again(
    plan: Plan, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, sweep = Sweep(plan, store, Options()).rows(), Sweep(plan, store, Options())
    missing, other = plan.cells[0], plan.cells[3]
    (place,) = sweep.stock.places(other)
    held = store.path("cells", missing.key).read_bytes()
    store.path("cells", missing.key).unlink()

    def cheat() -> None:
        store.path("cells", missing.key).write_bytes(held)
        forged(store, place["key"])

    crew = Crew(cheat)
    monkeypatch.setattr(Sweep, "_crew", lambda *_: crew)
    sweep = Sweep(plan, store, Options())
    sweep.run()
    assert [work.key.partition("-")[0] for work in crew.asked] == ["training", "scores"]
    task = crew.asked[1].task(1)
    assert task is not None
    assert place["key"] in [cell["key"] for cell in task.payload["cells"]]
    assert Sweep(plan, store, Options()).rows() != honest  # a store that was forged before is not noticed


def test_a_result_that_was_damaged_is_missing_again(plan: Plan, store: Store) -> None:
    damaged = plan.cells[3]
    data = store.path("cells", damaged.key).read_bytes()
    store.path("cells", damaged.key).write_bytes(data[:-40] + bytes([data[-40] ^ 1]) + data[-39:])
    missing = Sweep(plan, store, Options()).missing()
    assert [cell.key for cells in missing.values() for cell in cells] == [damaged.key]
    assert list(store.root.glob(f"cells/??/{damaged.key}.json.corrupt-0"))
