"""The text of `astrobench list`."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from astrobench.catalogue import catalogue
from astrobench.errors import PluginError
from astrobench.registry import Fault, Plugin, Registry
from rich.console import Console


def pull(features, outputs, *, weight: float = 0.5, years: int):
    """Pull [bold]two[/bold] domains together. And more.

    weight: of the pull, in no
    unit at all.

    Licence: none.
    """


def plugin(name="pull", target=pull, kind="methods", distribution="dist"):
    return Plugin(kind, name, target, distribution, "1.0", "main")


def shown(registry, *words, width=120) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(catalogue(registry, *words))
    return console.file.getvalue()


def test_a_row_has_name_summary_parameters_and_origin():
    text = shown(Registry.of_plugins([plugin()]))
    assert "methods" in text
    for word in ("pull", "Pull [bold]two[/bold] domains together.", "weight=0.5", "years (required)", "dist 1.0"):
        assert word in text
    assert "And more" not in text


def test_one_kind_shows_no_other():
    registry = Registry.of_plugins([plugin(), plugin("net", kind="architectures")])
    assert "net" not in shown(registry, "methods")
    assert "no metrics installed" in shown(registry, "metrics")


def test_a_name_shows_its_whole_docstring_with_lines_flowing():
    text = shown(Registry.of_plugins([plugin(), plugin("other")]), None, "pull")
    assert "And more." in text
    assert "weight: of the pull, in no unit at all." in text
    assert "Licence: none." in text
    assert "other" not in text
    assert any(line.split() == ["weight", "float", "0.5"] for line in text.splitlines())
    assert any(line.split() == ["years", "int", "required"] for line in text.splitlines())


def test_a_member_shows_its_family():
    assert "Pull [bold]two" in shown(
        Registry.of_plugins([plugin("timm:", kind="architectures")]), None, "timm:resnet10t"
    )


def test_a_name_of_two_kinds_shows_both():
    registry = Registry.of_plugins([plugin("cka"), plugin("cka", kind="metrics")])
    assert "method from dist" in (text := shown(registry, None, "cka"))
    assert "metric from dist" in text


def test_a_suite_shows_where_it_lies(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text('title = "Galaxies"\n')
    text = shown(Registry.of_plugins([plugin("x", path, "suites")]), None, "x", width=400)
    assert "Galaxies" in text
    assert str(Path(path)) in text


def test_what_is_quarantined_stands_below_with_its_reason():
    registry = Registry.of_plugins([plugin()], [Fault("bad", "main", "bad 1.0, entry point 'main': no")])
    above, _, below = shown(registry).partition("quarantined")
    assert "pull" in above
    assert "bad 1.0, entry point 'main': no" in below


def test_a_plugin_without_source_or_with_a_twin_says_so():
    registry = Registry.of_plugins([plugin("x", "nowhere:f"), plugin(), plugin(distribution="second")])
    text = shown(registry)
    assert "has no source file" in text
    assert text.count("refused: another plugin has the same name") == 2
    assert "has no source file" in shown(registry, None, "x")


@pytest.mark.parametrize("kind", [None, "methods"])
def test_an_unknown_name_gets_the_nearest_one(kind):
    with pytest.raises(PluginError, match="'pul'; did you mean 'pull'"):
        shown(Registry.of_plugins([plugin()]), kind, "pul")


def test_an_unknown_kind_is_refused():
    with pytest.raises(PluginError, match="unknown kind"):
        shown(Registry(), "method")


def test_listing_imports_neither_torch_nor_pydantic():
    code = (
        "import sys; from astrobench.catalogue import catalogue; from astrobench.registry import Registry; "
        "catalogue(Registry.load()); "
        "print([name for name in ('torch', 'timm', 'galsim', 'sklearn', 'numpy', 'pydantic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
