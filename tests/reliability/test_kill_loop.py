"""Killed at random, over and over, a sweep ends with the leaderboard of one that nobody touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reliability import NIGHTLY, killloop

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(3600 if NIGHTLY else 600)
def test_every_sweep_that_is_killed_and_resumed_has_the_same_leaderboard(tmp_path: Path) -> None:
    kills = 200 if NIGHTLY else 20
    tally = killloop.loop(kills, 0, tmp_path)
    assert sum(count for name, count in tally.items() if name.startswith("killed ")) >= kills
    assert {name: tally[name] for name in ("differ", "conflicts", "damaged", "hung", "orphans")} == {
        "differ": 0, "conflicts": 0, "damaged": 0, "hung": 0, "orphans": 0,
    }  # fmt: skip
    assert tally["sweeps"] >= 3
