"""`astrobench figures` as a person meets it, on a store that holds nothing or a made-up regression."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astrobench.cli.figures import draw_asked, draw_figures, exhibits_of
from astrobench.cli.running import Wishes, ordered, run_suite
from astrobench.errors import DataError, StoreError, SuiteError
from astrobench.exhibits import drawers
from astrobench.stages.prepare import text_array
from astrobench.stock import Stock
from astrobench.store import Store
from rich.console import Console

if TYPE_CHECKING:
    from pathlib import Path

IDS = np.array([f"sim{n}/00" for n in range(8)])


def wishes(results: Path, *sets: str) -> Wishes:
    return Wishes("camels_cka", "smoke", None, None, None, None, None, "cpu", None, results, list(sets))


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
        "ids": text_array(IDS[::-1]), "rows": np.arange(8)[::-1].copy(), "latent": np.zeros((8, 2), np.float32),
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


def asked(results: Path, *names: str) -> str:
    """Return what a run says of the figures that its suite asks for."""
    told = io.StringIO()
    draw_asked(ordered(wishes(results, f"figures={list(names)}")), Console(file=told, width=60))
    return told.getvalue()


def test_a_suite_that_asks_for_figures_has_them_drawn_and_one_that_cannot_be_costs_a_line(tmp_path: Path) -> None:
    filled(tmp_path)
    folder = tmp_path / "figures" / "camels_cka"
    first, second = asked(tmp_path, "cka", "truth").splitlines()
    assert first.startswith("not drawn:   figure 'cka' draws CKA between layers, and no stored cell has Gram matrices")
    assert second == f"figure:      truth in {folder}"
    assert {path.suffix for path in folder.iterdir() if path.name[0] != "."} == {".png", ".svg"}


def test_a_figure_of_the_same_cells_is_drawn_once(tmp_path: Path) -> None:
    filled(tmp_path)
    folder = tmp_path / "figures" / "camels_cka"
    times = []
    for gone in ("", "", "*.*", ".truth"):
        for path in folder.glob(gone or "none"):
            path.unlink()
        assert asked(tmp_path, "truth") == f"figure:      truth in {folder}\n"
        times.append([path.stat().st_mtime_ns for path in sorted(folder.glob("truth*"))])
    assert times[0] == times[1]
    assert times[1] != times[2] != times[3]
    assert len(times[3]) == 2


def test_without_any_result_a_figure_costs_a_line_too(tmp_path: Path) -> None:
    (line,) = asked(tmp_path, "truth").splitlines()
    assert line.startswith("not drawn:   figure 'truth' draws")


@pytest.mark.parametrize("figures", [True, False])
def test_a_figure_that_breaks_changes_no_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], figures: bool
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("no\nway")

    monkeypatch.setattr("astrobench.engine.Sweep.run", lambda sweep: ())
    monkeypatch.setattr("astrobench.cli.running._publish", lambda *_, **__: None)
    monkeypatch.setattr(drawers(), "draw", broken)
    words = wishes(tmp_path, 'figures=["maps"]')
    assert run_suite(words, publish=None, in_process=True, quiet=True, figures=figures) == 0
    told = "not drawn:   figure 'maps': ZeroDivisionError: no way\n" if figures else ""
    assert capsys.readouterr().out == told


def test_a_suite_that_asks_for_an_unknown_figure_is_refused_when_planned(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match=r"^unknown figure 'chruch'; did you mean 'church'\? known: church, cka, "):
        ordered(wishes(tmp_path, 'figures=["chruch"]'))
    with pytest.raises(SuiteError, match="figures"):
        ordered(wishes(tmp_path, 'figures="church"'))


def test_figures_are_part_of_no_key(tmp_path: Path) -> None:
    some, none = (ordered(wishes(tmp_path, f"figures={names}")).plan for names in (["maps", "cka"], []))
    assert some.suite.figures == ("maps", "cka")
    assert some.jobs.keys() == none.jobs.keys()
    assert [cell.key for cell in some.cells] == [cell.key for cell in none.cells]


def test_figures_that_a_suite_may_ask_for_are_known_without_matplotlib() -> None:
    code = (
        "import sys; from astrobench.exhibits import drawers; drawers().check(['church'])\n"
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
