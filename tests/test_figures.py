"""`astrobench figures` as a person meets it, on a store that holds nothing or a made-up regression."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astrobench.cli.figures import draw_figures, exhibits_of
from astrobench.cli.running import Wishes, ordered
from astrobench.errors import DataError, StoreError
from astrobench.stages.prepare import text_array
from astrobench.stock import Stock
from astrobench.store import Store

if TYPE_CHECKING:
    from pathlib import Path

IDS = np.array([f"sim{n}/00" for n in range(8)])


def wishes(results: Path) -> Wishes:
    return Wishes("camels_cka", "smoke", None, None, None, None, None, "cpu", None, results, [])


def filled(results: Path, *, task: str = "regression") -> Stock:
    """Return the plan of a suite beside a store that holds the first training's two cells, made up."""
    plan = ordered(wishes(results)).plan
    store = Store(results)
    labels = np.linspace(0.1, 0.5, 16, dtype=np.float32).reshape(8, 2)
    job = plan.job_of(plan.cells[0])
    truth = store.put({"ids": text_array(IDS), "labels": labels}, "truth")
    about: dict[str, Any] = {
        "truth": {"A": truth, "B": truth}, "classes": ["Omega_m", "sigma_8"], "task": task,
        "ranges": [[0.1, 0.5], [0.6, 1.0]], "synthetic": True, "unit": "K",
    }  # fmt: skip
    store.write("datasets", job.dataset_key, about, {})
    arrays = {
        "ids": text_array(IDS[::-1]), "latent": np.zeros((8, 2), np.float32),
        "logits": np.concatenate([labels[::-1], np.full_like(labels, 0.1)], axis=1),
    }  # fmt: skip
    for cell in plan.cells:
        if cell.job == job.key:
            store.write("cells", cell.key, {"prediction": store.put(arrays), "layers": []}, {})
    return Stock(plan, store)


def test_stored_cells_are_exhibits_with_truth_and_prediction_matched_by_id(tmp_path: Path) -> None:
    stock = filled(tmp_path)
    learned, other = exhibits_of(stock)
    assert (learned.domain, other.domain, learned.source) == ("A", "B", "A")
    assert learned.key == stock.plan.cells[0].key
    assert (learned.suite, learned.profile, learned.synthetic) == ("camels_cka", "smoke", True)
    assert (learned.reference, learned.point) == ("source_only", None)
    found = other.predicted()
    np.testing.assert_array_equal(found.logits[:, :2], found.labels)


def test_the_command_prints_its_files_what_is_left_out_and_needs_no_display(tmp_path: Path) -> None:
    filled(tmp_path)
    words = ("figures", "--suite", "camels_cka", "--profile", "smoke", "--figure", "truth", "--results", str(tmp_path))
    shell = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    done = subprocess.run(
        [sys.executable, "-m", "astrobench", *words], capture_output=True, text=True, check=False,
        env={**shell, "MPLBACKEND": "no-such-backend"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    *paths, rest = done.stdout.splitlines()
    stem = "truth-Mtot-cmd_o3-source_only-seed-0-A-to-B"
    assert paths == [str(tmp_path / "figures" / "camels_cka" / f"{stem}.{suffix}") for suffix in ("png", "svg")]
    assert (tmp_path / "figures" / "camels_cka" / f"{stem}.png").read_bytes().startswith(b"\x89PNG")
    assert rest == "2 of 16 cells are stored; the others are not shown"


def test_a_suite_without_results_says_what_to_run_and_makes_no_folder(tmp_path: Path) -> None:
    told = r"suite 'camels_cka' has no results yet in \S+, or of changed code only: run it first: astrobench run"
    with pytest.raises(StoreError, match=told):
        draw_figures(wishes(tmp_path / "none"), [], None)
    assert not (tmp_path / "none").exists()


def test_records_that_lack_what_a_figure_draws_are_refused_in_one_line(tmp_path: Path) -> None:
    filled(tmp_path)
    with pytest.raises(DataError, match="no stored cell has Gram matrices") as refused:
        draw_figures(wishes(tmp_path), ["cka"], tmp_path / "out")
    assert "\n" not in str(refused.value)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_classification_has_no_truth_against_prediction(tmp_path: Path) -> None:
    filled(tmp_path, task="classification")
    with pytest.raises(DataError, match="draws regressions, and suite 'camels_cka' has cells of classification only"):
        draw_figures(wishes(tmp_path), ["truth"], tmp_path / "out")
