"""A target without labels, the normal case of domain adaptation: trained for, predicted, written out, never scored."""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from astrobench.engine import Options, Sweep
from astrobench.leaderboard.building import tabulate
from astrobench.leaderboard.csv import table
from astrobench.leaderboard.markdown import page
from astrobench.leaderboard.terminal import terminal
from astrobench.leaderboard.wording import NOTHING
from astrobench.plan import make_plan
from astrobench.records import Header, read_rows, write_rows
from astrobench.registry import Registry
from astrobench.rules import VALIDATORS
from astrobench.store import Store
from astrobench.suite import check_suite
from rich.console import Console
from scipy.special import softmax
from survey_toy import CLASSES, GALAXIES, SIDE, suite, survey, written

INSTALLED = Registry.load()


def swept(folder: Path, **changed: Any) -> Sweep:
    plan = make_plan(check_suite(suite(folder, **changed), "mine"), INSTALLED, "", "cpu")
    sweep = Sweep(plan, Store(folder / "results"), Options(in_process=True))
    sweep.run()
    return sweep


@pytest.fixture(scope="module", params=["paired", "disjoint"])
def observed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASTROBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        return swept(survey(tmp_path_factory.mktemp("survey") / "mine", paired=request.param == "paired"))


def test_the_target_is_predicted_and_what_needs_its_labels_is_left_out_with_the_reason(observed: Sweep) -> None:
    for row in observed.rows():
        if row.method == "target_only":
            continue
        assert row.status == "ok", row.reason
        assert row.labelled == (row.domain == "near")
        assert ("accuracy" in row.scores) == (row.domain == "near")
        if row.domain == "far":
            assert row.skipped == dict.fromkeys(("classification", "confusion"), "no labels")
            assert row.correct == ""
            assert row.images == GALAXIES


def test_what_needs_no_labels_is_still_measured(observed: Sweep) -> None:
    """Only the paired survey shows one galaxy in both domains. The scale is that of the source's classes."""
    paired = "id" in (Path(observed.store.root).parent / "labels.csv").read_text().splitlines()[0].split(",")
    for row in observed.rows():
        if row.domain == "far" and row.method != "target_only":
            assert {"distance_mean", "distance_ratio", "distance_scaled"} <= row.scores.keys()
            assert (row.scores["distance_mean"].value > 0) == paired


def test_an_oracle_is_refused_in_a_sentence_before_it_is_trained(observed: Sweep) -> None:
    oracle = next(job for job in observed.plan.jobs.values() if job.method.label == "target_only")
    assert not observed.store.has("trainings", oracle.key)
    told = {row.reason for row in observed.rows() if row.method == "target_only"}
    assert told == {
        "dataset 'mine' has no labels of its target's training images, and method 'target_only' is an oracle, which"
        " learns from them: label them, or leave the method out"
    }


def test_its_rules_pick_epochs_without_labels_and_are_not_judged(observed: Sweep) -> None:
    rows = [row for row in observed.rows() if row.domain == "far" and row.method == "mmd"]
    (picks,) = [row.checkpoints for row in rows]
    assert picks["rule"] == "entropy"
    assert set(VALIDATORS) <= picks["picked"].keys()
    assert (picks["accuracy"], picks["n"]) == ([], 0)


def test_a_leaderboard_shows_no_labels_and_ranks_by_nothing(observed: Sweep) -> None:
    board = tabulate(observed.plan.suite.model_dump(mode="json"), {"": observed.rows()})
    assert {line.places for line in board.lines} == {None}
    told = page(board)
    mmd = next(line for line in told.splitlines() if "| mmd |" in line)
    assert mmd.count("no labels") == 3
    assert f"| {NOTHING} | mmd |" in mmd
    assert "**no labels**: nobody has labelled an image of far" in told
    assert "far has no labels: the rules pick their epochs without any" in told
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(terminal(board))
    shown = console.export_text()
    assert "no labels: of far; what needs them is not measured, and nothing is ranked by it" in shown
    (line,) = [row for row in csv.DictReader(table(board).splitlines()) if row["method"] == "mmd"]
    assert line["Accuracy (far)"] == line["Accuracy gain (far)"] == "no labels"
    assert float(line["Accuracy (near)"]) >= 0
    assert line["best_rank"] == ""


def test_a_column_of_an_unlabelled_domain_is_no_misspelling(observed: Sweep) -> None:
    columns = [
        {"title": "A", "score": "accuracy", "domain": "far"},
        {"title": "B", "score": "acuracy", "domain": "near"},
    ]
    suite_ = {**observed.plan.suite.model_dump(mode="json"), "columns": columns}
    far = [row for row in observed.rows() if row.domain == "far"]
    assert tabulate(suite_, {"": far}).not_given == ()
    assert len(tabulate(suite_, {"": observed.rows()}).not_given) == 1


def test_an_attack_on_it_is_measured_without_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASTROBENCH_CACHE", str(tmp_path / "cache"))
    folder = survey(tmp_path / "mine", paired=True)
    attack = {"plugin": "one_pixel", "label": "pixel", "params": {"images": 3, "generations": 3, "population": 4}}
    axes = {**suite(folder)["axes"], "method": ["source_only"], "perturbation": ["none", attack]}
    sweep = swept(folder, axes=axes)
    (row,) = [row for row in sweep.rows() if (row.domain, row.perturbation) == ("far", "pixel")]
    assert (row.status, row.problems) == ("ok", {})
    assert row.scores["attack_success"].n == 3
    assert "distance_mean" in row.scores
    assert "distance_scaled" not in row.scores
    assert row.skipped == dict.fromkeys(("classification", "confusion"), "no labels")
    frame, _ = written(sweep, tmp_path / "board")
    assert len(frame) == GALAXIES


def test_records_keep_it(observed: Sweep, tmp_path: Path) -> None:
    write_rows(tmp_path / "run.jsonl", Header({"name": "mine"}, "", ""), observed.rows())
    header, rows = read_rows(tmp_path / "run.jsonl")
    assert [row.labelled for row in rows] == [row.domain == "near" or row.status != "ok" for row in rows]
    assert {row.skipped.get("classification") for row in rows if not row.labelled} == {"no labels"}
    write_rows(tmp_path / "again.jsonl", header, rows)
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "run.jsonl").read_bytes()


def test_predictions_hold_the_softmax_of_every_image_of_the_target(observed: Sweep, tmp_path: Path) -> None:
    frame, lines = written(observed, tmp_path)
    assert list(frame) == [
        "dataset", "domain", "architecture", "method", "seed", "id", "image", "predicted", "p_elliptical", "p_spiral",
    ]  # fmt: skip
    assert len(frame) == len(lines) == 2 * GALAXIES
    for method in ("source_only", "mmd"):
        own = frame[frame.method == method]
        assert own.id.nunique() == GALAXIES
        cell = next(
            cell for cell in observed.plan.cells
            if observed.plan.labels(cell)["method"] == method and cell.domain == "far"
        )  # fmt: skip
        kept = observed.store.read("cells", cell.key)
        assert kept is not None
        logits = observed.store.get(kept["result"]["prediction"])["logits"].astype(np.float64)
        found = own[["p_elliptical", "p_spiral"]].to_numpy()
        np.testing.assert_allclose(found, softmax(logits, axis=1), rtol=1e-14)
        assert own.predicted.tolist() == [CLASSES[k] for k in logits.argmax(axis=1)]
    for column in ("p_elliptical", "p_spiral"):
        assert [float(line[column]) for line in lines] == frame[column].tolist()
    assert [line["id"] for line in lines] == frame.id.tolist()


def test_latents_are_written_on_request_and_go_again_without(observed: Sweep, tmp_path: Path) -> None:
    frame, lines = written(observed, tmp_path, latents=True)
    latents = [name for name in frame if name.startswith("latent_")]
    assert len(latents) > 1
    assert [float(line["latent_0"]) for line in lines] == pytest.approx(frame.latent_0.tolist(), rel=1e-6)
    frame, _ = written(observed, tmp_path)
    assert "latent_0" not in frame


def test_a_few_labels_are_all_tested_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASTROBENCH_CACHE", str(tmp_path / "cache"))
    for paired in (True, False):
        folder = survey(tmp_path / str(paired), paired=paired, labelled=3)
        axes = {**suite(folder)["axes"], "method": ["source_only"]}
        rows = swept(folder, axes=axes).rows()
        (far,) = [row for row in rows if row.domain == "far"]
        assert (far.status, far.labelled, far.correct_n, far.skipped) == ("ok", True, 3, {})


def test_a_survey_from_the_command_line_says_where_its_predictions_are(tmp_path: Path) -> None:
    folder = survey(tmp_path / "mine", paired=False)
    (folder / "mine.toml").write_text(
        'name = "mine"\nversion = 1\ntitle = "Mine"\nmetrics = ["classification"]\n[axes]\n'
        'dataset = [{ plugin = "image_folder", label = "my/../survey, (1)", params = '
        f'{{ catalogue = "labels.csv", source = "near", target = "far", size = {SIDE} }} }}]\n'
        'domain = ["near", "far"]\narchitecture = ["convnet"]\nmethod = ["source_only"]\nseed = [0]\n'
        "[training]\nepochs = 1\nbatch_size = 4\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "astrobench", "run", "--suite", "mine.toml", "--latents"]
    environment = os.environ | {"ASTROBENCH_CACHE": str(tmp_path / "cache"), "COLUMNS": "200"}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "'far' has no labels: all of its 20 images are predicted, and 20 of them are adapted to" in run.stderr
    files = re.findall(r"predictions: (\S+)", run.stdout)
    assert [Path(file).suffix for file in files] == [".csv", ".parquet"]
    home = folder / "astrobench-results/leaderboards/mine/predictions"
    assert {(folder / file).resolve().parent for file in files} == {home}
    frame = pd.read_parquet(folder / files[1])
    assert set(frame.dataset) == {"my/../survey, (1)"}
    with (folder / files[0]).open(newline="", encoding="utf-8") as file:
        assert {line["dataset"] for line in csv.DictReader(file)} == {"my/../survey, (1)"}
