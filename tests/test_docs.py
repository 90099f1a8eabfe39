"""What the README says is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from astrobench.suite import read_suite

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def astrobench(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "astrobench", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=200)


def test_the_two_commands_stand_in_the_readme_and_ci_runs_the_second() -> None:
    commands = [block.strip() for block in blocks("console")]
    assert commands[:2] == [
        "pip install -e . && astrobench run --suite deepadversaries",
        'pip install -e ".[test]" && pytest',
    ]
    steps = (ROOT / ".ci" / "run").read_text().replace(" --quiet", "").splitlines()
    where = steps.index('pip install -e ".[test]"')
    assert steps[where + 1].startswith("pytest")


def test_every_command_of_the_program_is_in_the_table_and_no_other() -> None:
    told = set(re.findall(r"^\| `astrobench (\w+)` \|", README, re.MULTILINE))
    there = set(re.findall(r"^  (\w+)  ", astrobench("--help").stdout.split("Commands:")[1], re.MULTILINE))
    assert told == there


@pytest.mark.parametrize(
    "line", [line for block in blocks("console") for line in block.splitlines() if "astrobench " in line]
)
def test_every_option_in_a_readme_command_exists(line: str) -> None:
    words = line.split("astrobench ", 1)[1].split()
    known = astrobench(words[0], "--help").stdout
    options = [word for word in words if word.startswith("--")]
    assert known
    assert not [option for option in options if option not in known]


def test_the_overrides_in_the_readme_are_taken(tmp_path: Path) -> None:
    (words,) = re.findall(r"overrides: `([^`]*)`", README)
    here = words.replace("cuda:1", "cpu").split()
    done = astrobench("plan", "--suite", "deepadversaries", *here, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "mmd" in done.stdout


def test_the_plugin_of_the_readme_is_found_and_conforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = next(block for block in blocks("python") if "mean_match" in block)
    assert len([line for line in source.splitlines() if line.strip()]) <= 15
    entry = next(block for block in blocks("toml") if "entry-points" in block).splitlines()[1]
    (tmp_path / "mean_match.py").write_text(source)
    info = tmp_path / "astrobench_mean_match_readme-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: astrobench-mean-match-readme\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[astrobench]\n{entry.replace(chr(34), '')}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    listed = astrobench("list", "mean_match")
    assert listed.returncode == 0, listed.stderr
    assert "Pull the mean latents" in listed.stdout
    checked = astrobench("check", "methods", "mean_match")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_suite_of_the_readme_is_a_suite(tmp_path: Path) -> None:
    text = next(block for block in blocks("toml") if "image_folder" in block)
    (tmp_path / "mine.toml").write_text(text)
    assert read_suite(tmp_path / "mine.toml").axes.dataset[0].plugin == "image_folder"


def test_every_file_the_readme_points_at_is_there() -> None:
    links = re.findall(r"\]\(((?!http)[^)#]+)\)", README)
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]
