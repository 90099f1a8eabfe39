"""How a command ends and what it prints on the way: pipes, signals, names, narrow terminals, odd surroundings."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from own_survey import survey

ASTROBENCH = [sys.executable, "-m", "astrobench"]
CLI = Path(__file__).parent.parent / "benchmark" / "astrobench" / "cli"


def astrobench(*words: str | Path, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    command = [*ASTROBENCH, *map(str, words)]
    surroundings = {**os.environ, "COLUMNS": "80", **more}
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, cwd=cwd, timeout=250, env=surroundings
    )


def piped(*words: str, cwd: Path, reader: str = "true") -> tuple[int, str]:
    """Return the exit code of a command whose output a reader does not want, and what it says on stderr."""
    line = f"{shlex.join([*ASTROBENCH, *words])} | {reader}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False, cwd=cwd, timeout=250)
    return done.returncode, done.stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a survey, and its complete results in "done [b]:eagle:[/c]"."""
    folder = tmp_path_factory.mktemp("home")
    survey(folder)
    done = astrobench("run", "-s", "mine.toml", "-q", "--results", RESULTS, cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "printed").write_text(done.stdout, encoding="utf-8")
    return folder


RESULTS = "done [b]:eagle:[/c]"
OF_RESULTS = (
    ["run", "-s", "mine.toml", "--results", RESULTS],
    ["status", "-s", "mine.toml", "--results", RESULTS],
    ["fsck", "--results", RESULTS],
    ["gc", "--dry-run", "--results", RESULTS],
    ["pack", "-s", "mine.toml", "packed", "--results", RESULTS],
    ["render", f"{RESULTS}/leaderboards/mine"],
)


def test_brackets_and_colons_in_a_path_are_printed_as_they_are(home: Path) -> None:
    printed = (home / "printed").read_text(encoding="utf-8").splitlines()
    assert f"leaderboard: {RESULTS}/leaderboards/mine/README.md and {RESULTS}/leaderboards/mine/table.csv" in printed
    assert f"records:     {RESULTS}/leaderboards/mine/records" in printed
    for words in (*OF_RESULTS[2:5], [*OF_RESULTS[5], "--check"], ["plan", "-s", "mine.toml", "--results", RESULTS]):
        done = astrobench(*words, cwd=home)
        assert done.returncode == 0, done.stderr
        assert RESULTS in done.stdout or "packed" in done.stdout


def test_the_command_line_prints_through_consoles_that_know_no_markup() -> None:
    made = {path.name for path in CLI.glob("*.py") if re.search(r"(?<!plain_)\bConsole\(", path.read_text())}
    assert made == {"output.py"}
    columns = re.findall(r"TextColumn\([^)]*\)", (CLI / "display.py").read_text())
    assert [column for column in columns if "markup=False" not in column] == []


@pytest.mark.parametrize("words", [*OF_RESULTS, ["list"], ["--help"], ["plan", "-s", "mine.toml"]], ids=lambda w: w[0])
def test_a_reader_that_leaves_changes_no_exit_code(words: list[str], home: Path) -> None:
    code, told = piped(*words, cwd=home)
    assert (code, "Traceback" in told, "Exception ignored" in told) == (0, False, False), told


def test_what_is_incomplete_keeps_its_exit_code_when_its_reader_leaves(home: Path) -> None:
    assert piped("status", "-s", "mine.toml", "--results", "elsewhere", cwd=home) == (1, "")
    code, told = piped("plan", "-s", "none.toml", cwd=home)
    assert (code, told.count("\n")) == (2, 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_output_that_a_full_disk_does_not_take_is_one_line_and_75(home: Path) -> None:
    for words in (["list"], ["plan", "-s", "mine.toml"]):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run([*ASTROBENCH, *words], stdout=full, stderr=subprocess.PIPE, check=False, cwd=home)
        assert (done.returncode, done.stderr.count(b"\n")) == (75, 1), done.stderr


@pytest.mark.parametrize("signals", [1, 2])
def test_a_run_in_the_background_of_a_script_says_how_to_go_on_at_ctrl_c(signals: int, tmp_path: Path) -> None:
    survey(tmp_path)
    run = shlex.join([*ASTROBENCH, "run", "-s", "mine.toml", "--set=training.epochs=9000", "--results", "r"])
    line = f"{run} >words 2>&1 & echo $!; wait $!; echo $?"  # without job control: the shell has it ignore SIGINT
    shell = subprocess.Popen(["bash", "-c", line], stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    assert shell.stdout is not None
    number, deadline = int(shell.stdout.readline()), time.monotonic() + 120
    while not list(tmp_path.glob("r/progress/training-*")):
        assert time.monotonic() < deadline, (tmp_path / "words").read_text()
        time.sleep(0.1)
    for _ in range(signals):
        os.kill(number, signal.SIGINT)
    assert shell.communicate(timeout=30)[0] == "130\n"
    assert (tmp_path / "words").read_text().count("ended by SIGINT: run the same command again to go on") == 1


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_a_plan_is_readable_on_a_narrow_terminal(columns: int, tmp_path: Path) -> None:
    words = ["plan", "-s", "deepadversaries", "--profile", "paper", "--device", "cpu", "--results", "r"]
    done = astrobench(*words, cwd=tmp_path, COLUMNS=str(columns))
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= columns
    for name in ("lsst_mock", "convnet", "resnet18", "source_only", "mmd_deepadversaries", "seeds", "cells", "done"):
        assert name in done.stdout, done.stdout
    assert "…" not in done.stdout
    seeds = [int(word) for word in re.findall(r"\d+", done.stdout)]
    assert {0, 1, 2, 3, 4, 25} <= set(seeds)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--seeds", "²"], "--seeds has '²'; expected whole numbers from 0"),
        (["--seeds", "9" * 5000], "expected whole numbers from 0"),
        (["--set", "training.epochs=5", "--set", "training.epochs.x=5"], "contradicts --set training.epochs=5"),
        (["--set", "training.epochs.x=5", "--set", "training.epochs=5"], "contradicts --set training.epochs.x"),
        (["--set", "a=1", "--set", "a.b=2"], "--set 'a.b=2' contradicts --set a=1: keep one"),
    ],
)
def test_what_cannot_be_asked_for_is_one_line(words: list[str], sentence: str, home: Path) -> None:
    done = astrobench("plan", "-s", "mine.toml", *words, cwd=home)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert sentence in done.stderr


def test_a_suite_with_a_byte_order_mark_is_read(home: Path) -> None:
    (home / "bom.toml").write_bytes(b"\xef\xbb\xbf" + (home / "mine.toml").read_bytes())
    assert astrobench("plan", "-s", "bom.toml", cwd=home).returncode == 0


def test_paths_of_a_suite_s_file_are_relative_to_the_file_wherever_the_command_is_run(home: Path) -> None:
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    done = astrobench("plan", "-s", "../mine.toml", "--results", f"../{RESULTS}", cwd=elsewhere)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 cells done" in done.stdout, "where a catalogue lies is in no key"


def test_a_path_that_is_not_there_is_told_with_where_it_was_looked_for(tmp_path: Path) -> None:
    survey(tmp_path / "suite")
    (tmp_path / "suite" / "labels.csv").rename(tmp_path / "labels.csv")
    done = astrobench("plan", "-s", "suite/mine.toml", cwd=tmp_path)
    assert done.returncode == 2
    here = tmp_path.resolve()
    assert f"catalogue = 'labels.csv' is not there: looked for {here}/suite/labels.csv" in done.stderr
    assert f"relative to the suite's folder; {here}/labels.csv is there: give it whole" in done.stderr
    words = ["--set", "axes.dataset=[{plugin='image_folder',params={catalogue='no.csv',source='a',target='b'}}]"]
    done = astrobench("plan", "-s", "deepadversaries", *words, cwd=tmp_path)
    assert f"looked for {here}/no.csv, relative to the current folder" in done.stderr


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_a_name_that_the_locale_cannot_spell_is_one_line_that_says_what_to_set(tmp_path: Path) -> None:
    survey(tmp_path, catalogue="étiquettes.csv")
    for words in (["plan", "-s", "mine.toml"], ["run", "-s", "mine.toml"]):
        done = astrobench(*words, cwd=tmp_path, **ASCII)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert "cannot be opened under the file-system encoding 'ascii': set PYTHONUTF8=1" in done.stderr
    assert astrobench("plan", "-s", "mine.toml", cwd=tmp_path, **{**ASCII, "PYTHONUTF8": "1"}).returncode == 0


def test_an_image_that_the_locale_cannot_spell_says_what_to_set_as_well(tmp_path: Path) -> None:
    survey(tmp_path)
    (tmp_path / "near-0.npy").rename(tmp_path / "près-0.npy")
    table = tmp_path / "labels.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("near-0.npy", "près-0.npy"), encoding="utf-8")
    done = astrobench("run", "-s", "mine.toml", "--quiet", cwd=tmp_path, **ASCII)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert "set PYTHONUTF8=1" in done.stderr


def test_a_run_works_under_a_long_tmpdir(tmp_path: Path) -> None:
    survey(tmp_path)
    long = tmp_path / ("x" * 100)
    long.mkdir()
    done = astrobench("run", "-s", "mine.toml", "-q", cwd=tmp_path, TMPDIR=str(long))
    assert done.returncode == 0, done.stderr


WIPING = '''
import os, shutil
import astrobench

def wipe(batch, model, rng, *, room: str):
    """Delete a room of the store, and leave a file in its place."""
    shutil.rmtree(os.path.join(os.environ["WIPED"], room))
    open(os.path.join(os.environ["WIPED"], room), "w").close()
    return astrobench.Perturbed(flux=batch.flux)

def full(batch, model, rng):
    """Find the disk full."""
    raise OSError(28, "No space left on device")

@astrobench.hookimpl
def astrobench_perturbations():
    return {"wipe": wipe, "full": full}
'''


@pytest.mark.parametrize(
    ("perturbation", "ending"),
    [
        ("'full'", "on device; mend it and run the same command again to go on; no result of this suite is lost\n"),
        ("{plugin='wipe',params={room='objects'}}", "same command again to go on; gone from r: 2 arrays\n"),
        ("{plugin='wipe',params={room='cells'}}", "same command again to go on; gone from r: 2 cells\n"),
    ],
)
def test_what_is_lost_is_looked_up_and_said_once(perturbation: str, ending: str, tmp_path: Path) -> None:
    survey(tmp_path)
    info = tmp_path / "site" / "wiping-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: wiping\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[astrobench]\nwiping = wiping\n")
    (tmp_path / "site" / "wiping.py").write_text(WIPING)
    path = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(tmp_path / "site")])
    words = ["run", "-s", "mine.toml", "-q", "--results", "r"]
    assert astrobench(*words, cwd=tmp_path, PYTHONPATH=path).returncode == 0
    more = {"PYTHONPATH": path, "WIPED": str(tmp_path / "r"), "ASTROBENCH_FENCE": "0"}
    done = astrobench(*words, "--set", f"axes.perturbation=['none',{perturbation}]", cwd=tmp_path, **more)
    assert done.returncode == 75, done.stdout
    assert done.stderr.endswith(ending), done.stderr
    assert done.stderr.count("lost") + done.stderr.count("gone") == 1
