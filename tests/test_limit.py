"""A run of a few images of each split is scored by the labels of those very images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from astrobench import Labelled
from astrobench.engine import Options, Sweep
from astrobench.plan import make_plan
from astrobench.registry import Registry
from astrobench.store import Store
from astrobench.suite import check_suite
from astrobench_galaxies.image_folder import image_folder
from survey_toy import GALAXIES, SIDE, suite, survey

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

LIMIT = 6


def test_limited_test_sets_are_scored_by_their_own_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASTROBENCH_CACHE", str(tmp_path / "cache"))
    folder = survey(tmp_path / "mine", paired=True, labelled=GALAXIES)
    lines = (folder / "labels.csv").read_text().splitlines()
    sides = ["train"] * 8 + ["valid"] * 2 + ["test"] * 10
    marked = [f"{line},{sides[number // 2]}" for number, line in enumerate(lines[1:])]
    (folder / "labels.csv").write_text("\n".join([f"{lines[0]},split", *marked]) + "\n")
    axes = {**suite(folder)["axes"], "method": ["source_only"]}
    body = suite(folder, axes=axes, limit=LIMIT)
    plan = make_plan(check_suite(body, "mine"), Registry.load(), "", "cpu")
    rows = Sweep(plan, Store(folder / "results"), Options(in_process=True)).run()
    assert {row.status: row.reason for row in rows} == {"ok": ""}
    whole = image_folder(catalogue=folder / "labels.csv", source="near", target="far", size=SIDE).tests
    for row in rows:
        kept = Store(folder / "results").read("cells", row.cell)
        assert kept is not None
        logits = Store(folder / "results").get(kept["result"]["prediction"])["logits"]
        part = whole[row.domain]
        assert isinstance(part, Labelled)
        labels = part.labels[[0, 2, 4, 5, 7, 9]]
        assert len(logits) == len(labels) == row.images == row.correct_n == LIMIT
        assert row.scores["accuracy"].value == (logits.argmax(1) == labels).mean()
    (picks,) = [row.checkpoints for row in rows if row.domain == "far"]
    assert picks["n"] == LIMIT
