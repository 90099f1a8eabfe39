"""A third party's method: fifteen lines in its own distribution. CI installs it by pip and runs it through a suite."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest
import torch
from astrobench.conformance import check
from astrobench.registry import Registry
from distributions import install

HOME = Path(__file__).parent / "astrobench-mean-match"
SOURCE = (HOME / "astrobench_mean_match.py").read_text(encoding="utf-8")


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """Return a registry that finds the distribution, as pip would have installed it."""
    project = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    ((_, target),) = project["entry-points"]["astrobench"].items()
    name = f"test-{project['name']}"  # a name of its own, should the real one be installed here as well
    install(monkeypatch, tmp_path, name, {target: SOURCE}, version=project["version"])
    loaded = Registry.load()
    mine = [plugin for plugin in loaded.plugins if plugin.distribution in (name, "astrobench")]
    yield Registry.of_plugins(mine, loaded.faults)
    sys.modules.pop(target, None)


def test_it_has_at_most_fifteen_lines_of_code():
    assert len([line for line in SOURCE.splitlines() if line.strip()]) <= 15


def test_it_is_found_beside_the_first_party_methods(registry):
    assert {"mean_match", "source_only", "mmd"} <= set(registry.names("methods"))
    plugin = registry.get("methods", "mean_match")
    assert plugin.origin == "test-astrobench-mean-match 0.1.0"
    assert plugin.complete({"weight": 2}) == {"weight": 2.0}


def test_it_measures_the_squared_gap_of_the_means(registry):
    method = registry.get("methods", "mean_match").resolve()(2, 3, weight=0.5)
    source, target = torch.tensor([[0.0, 0.0], [2.0, 4.0]]), torch.tensor([[4.0, 0.0]])
    assert method.distance(source, target).item() == 3.0**2 + 2.0**2
    assert method.weight == 0.5


def test_it_keeps_the_contract(registry):
    assert [one.told for one in check(registry, "methods", "mean_match").failures] == []
