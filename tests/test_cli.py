"""The command line as a person meets it: real processes, exit codes, one-line errors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SMALL = (
    "--set=axes.dataset=[{plugin='lsst_mock',label='mock',params={galaxies=60}}]",
    "--set=training.batch_size=8",
    "--set=training.epochs=1",
    "--set=predict={cka_images=8,cka_batch=4}",
)


def astrobench(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "astrobench", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=250)


def run_small(results: Path, *words: str) -> subprocess.CompletedProcess[str]:
    smoke = ("--suite", "deepadversaries", "--profile", "smoke", "--perturbation", "none")
    return astrobench("run", *smoke, "--results", results, *SMALL, *words)


def test_a_run_prints_its_leaderboard_and_where_it_is_and_the_next_one_goes_on(tmp_path: Path) -> None:
    first = run_small(tmp_path / "results", "--method", "mmd", "--publish", str(tmp_path / "boards"))
    assert first.returncode == 0, first.stderr
    assert "synthetic" in first.stdout.lower()
    assert "source_only" in first.stdout
    assert "table.csv" in first.stdout
    folder = tmp_path / "boards" / "deepadversaries"
    page, table = (folder / "README.md").read_bytes(), (folder / "table.csv").read_bytes()
    again = run_small(tmp_path / "results", "--method", "mmd", "--publish", str(tmp_path / "boards"))
    assert again.returncode == 0
    assert (page, table) == ((folder / "README.md").read_bytes(), (folder / "table.csv").read_bytes())
    assert astrobench("render", folder, "--check").returncode == 0
    (folder / "table.csv").write_text("tampered\n")
    stale = astrobench("render", folder, "--check")
    assert stale.returncode == 2
    assert "table.csv" in stale.stderr
    assert astrobench("render", folder).returncode == 0
    assert (folder / "table.csv").read_bytes() == table


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["run", "--suite", "deepadversary"], "unknown suite 'deepadversary'; did you mean 'deepadversaries'?"),
        (["run", "--suite", "deepadversaries", "--profile", "labtop"], "no profile 'labtop'; did you mean 'laptop'?"),
        (["run", "--suite", "deepadversaries", "--method", "mmdd"], "did you mean 'mmd'?"),
        (["run", "--suite", "deepadversaries", "--architecture", "convnext"], "did you mean 'convnet'?"),
        (["run", "--suite", "deepadversaries", "--device", "cuda:7"], "device 'cuda:7'"),
        (["run", "--suite", "deepadversaries", "--device", "gpu"], "unknown device 'gpu'; allowed: auto, cpu"),
        (["run", "--suite", "deepadversaries", "--seeds", "0,x"], "--seeds has 'x'"),
        (["run", "--suite", "deepadversaries", "--set", "training.epoch=5"], "did you mean 'epochs'?"),
        (["run", "--suite", "deepadversaries", "--set", "training"], "is not key=value"),
        (["run", "--suite", "deepadversaries", "--set", "training.selection=snnd"], "not allowed; did you mean 'snd'?"),
        (["plan", "--suite", "none.toml"], "cannot read suite none.toml"),
        (["list", "datasetz"], "did you mean 'datasets'?"),
        (["check", "methods", "mmdd"], "did you mean 'mmd'?"),
        (["check", "method", "mmd", "extra"], "extra"),
        (["render", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_is_one_line_with_exit_code_2_and_runs_nothing(
    words: list[str], sentence: str, tmp_path: Path
) -> None:
    done = astrobench(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_results_that_cannot_be_written_are_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    inside = tmp_path / "file" / "inside"
    for results, words, option in ((inside, (), "--results"), (tmp_path, ("--publish", str(inside)), "--publish")):
        done = run_small(results, *words)
        assert done.returncode == 73
        assert f"choose another with {option}" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "datasets").exists()


def test_a_cell_that_fails_makes_the_exit_code_1_and_is_named(tmp_path: Path) -> None:
    words = [
        "--set=axes.perturbation=['none',{plugin='one_pixel',label='1P',params={images=0}}]",
        "--method",
        "source_only",
    ]
    done = astrobench(
        "run", "-s", "deepadversaries", "--profile", "smoke", "--results", tmp_path / "results", *SMALL, *words
    )
    assert done.returncode == 1, done.stderr
    assert "1P" in done.stdout
    assert "failed" in done.stdout


def test_ctrl_c_leaves_a_store_that_the_next_run_goes_on_from(tmp_path: Path) -> None:
    results = tmp_path / "results"
    words = ["--suite", "deepadversaries", "--profile", "smoke", "--method", "mmd", "--perturbation", "none"]
    words += ["--results", str(results), *SMALL, "--set=training.epochs=400"]
    command = [sys.executable, "-m", "astrobench", "run", *words, "--workers", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    _wait_for(lambda: list(results.glob("checkpoints/*/last")), 120)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "run the same command again" in told
    assert list(results.glob("checkpoints/*/last"))
    status = astrobench("status", *words)
    assert status.returncode == 1
    assert "checkpoint" in status.stdout


def _wait_for(there: object, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not there():  # type: ignore[operator]
        assert time.monotonic() < deadline, "nothing was begun"
        time.sleep(0.1)


@pytest.mark.parametrize("words", [["--help"], ["list"], ["plan", "--suite", "deepadversaries"], ["run", "--help"]])
def test_light_commands_import_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    """`render` is held to the same in test_leaderboard."""
    code = (
        "import sys; sys.argv = ['astrobench', *sys.argv[1:]]\n"
        "from astrobench.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'torch', 'timm', 'galsim', 'sklearn', 'scipy', 'matplotlib', 'pandas'} & sys.modules.keys()\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONWARNINGS": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_shell_completion_is_offered() -> None:
    assert "--install-completion" in astrobench("--help").stdout
