"""What the README says is what happens."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import astrobench_alignment
import pytest
from astrobench.registry import Registry
from astrobench.suite import read_suite

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
METHODS = {plugin.name: plugin for plugin in Registry.load().of("methods") if plugin.distribution == "astrobench"}
INSTALLED = {name for name in METHODS if name != "skada" or importlib.util.find_spec("skada")}


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


def method_cells(name: str) -> list[str]:
    """Return a method's cells in the README: name, papers, idea; and, where it is installed, what it needs."""
    plugin = METHODS[name]
    papers = dict.fromkeys(re.findall(r"arXiv[: ](\d{4}\.\d{4,5})", plugin.doc.partition("Source:")[2]))
    links = ", ".join(f"[{paper}](https://arxiv.org/abs/{paper})" for paper in papers)
    cells = [f"`{name}`", links or "\N{EN DASH}", plugin.summary.rstrip(".").replace("|", "\\|")]
    return [*cells, method_needs(name)] if name in INSTALLED else cells


def method_needs(name: str) -> str:
    """Return what a method's own attributes say that it needs besides labelled source images."""
    if name.endswith(":"):
        return "what its parts need"
    method = METHODS[name].resolve()(4, 3)
    needs = {
        "target labels": method.oracle,
        "target images": method.uses_target or method.target_statistics > 0,
        "class labels": method.needs_classes,
        "batch norm": method.target_statistics > 0,
        "the same objects in both domains": method.paired,
    }
    extra = re.findall(r"[Nn]eeds `(pip install [^`]*)`", METHODS[name].doc)
    return (
        ", ".join([*(word for word, holds in needs.items() if holds), *(f"`{told}`" for told in extra)])
        or "\N{EN DASH}"
    )


@pytest.mark.parametrize("name", METHODS)
def test_the_table_of_methods_says_what_they_say(name: str) -> None:
    (line,) = [line for line in README.splitlines() if line.startswith(f"| `{name}` |")]
    expected = method_cells(name)
    assert re.split(r"(?<!\\) ?\| ?", line)[1 : len(expected) + 1] == expected


def test_the_table_of_methods_has_no_other() -> None:
    table = README.partition("| method | arXiv |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE) == list(astrobench_alignment.astrobench_methods())
    assert set(astrobench_alignment.astrobench_methods()) == set(METHODS)
