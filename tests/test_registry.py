"""The registry: names → plugins with their origin; what is broken is quarantined and breaks nothing else."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import pytest
from astrobench.errors import PluginError, SuiteError
from astrobench.registry import Plugin, Registry
from distributions import install

METHOD = """
    import astrobench

    def pull(features, outputs, *, weight: float = 1.0):
        "Pull two domains together."
        return features, outputs, weight

    @astrobench.hookimpl
    def astrobench_methods():
        return {"pull": pull, "lazy": "MODULE.lazy:push"}
"""


def hook(returned: str, name: str = "astrobench_methods", mark: str = "@astrobench.hookimpl") -> str:
    return f"import astrobench\n{mark}\ndef {name}():\n    return {returned}\n"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Return a function that installs a distribution for this test alone."""
    yield partial(install, monkeypatch, tmp_path)
    for name in [name for name in sys.modules if name.startswith("ab_test_")]:
        del sys.modules[name]


def test_first_party_plugins_come_by_the_same_entry_points():
    registry = Registry.load()
    assert [fault for fault in registry.faults if fault.distribution == "astrobench"] == []
    assert {"convnet", "resnet18", "timm:"} <= set(registry.names("architectures"))
    assert registry.get("architectures", "convnet").distribution == "astrobench"


def test_a_third_party_plugin_has_an_origin(installed):
    installed("ab-pull", {"ab_test_pull": METHOD}, version="2.1")
    plugin = Registry.load().get("methods", "pull")
    assert (plugin.distribution, plugin.version, plugin.entry_point) == ("ab-pull", "2.1", "main")
    assert plugin.origin == "ab-pull 2.1"
    assert plugin.summary == "Pull two domains together."
    assert plugin.resolve()(256, 3, weight=0.5) == (256, 3, 0.5)


BROKEN = {
    "import error": ("import no_such_module", "cannot be imported: ModuleNotFoundError: No module named"),
    "syntax error": ("def f(:", "cannot be imported: SyntaxError"),
    "exits": ("import sys; sys.exit(3)", "cannot be imported: SystemExit: 3"),
    "no hook": ("x = 1", "has no hook of astrobench"),
    "raises": (hook("1 / 0"), "hook 'astrobench_methods' raises ZeroDivisionError"),
    "a list": (hook("['pull']"), "hook 'astrobench_methods' returns list, expected a mapping from name to callable"),
    "nothing": (hook("None"), "hook 'astrobench_methods' returns None, expected a mapping"),
    "misspelt": (hook("{}", "astrobench_method"), "hook 'astrobench_method'; did you mean 'astrobench_methods'?"),
    "unmarked": (hook("{}", mark=""), "'astrobench_methods' is not marked as a hook: write @astrobench.hookimpl"),
    "an argument": (
        "import astrobench\n@astrobench.hookimpl\ndef astrobench_methods(config): return {}",
        "cannot be registered: PluginValidationError",
    ),
    "a number": (hook("{'pull': 3}"), "method 'pull' is int, expected 'package.module:function' or a callable"),
    "a bad text": (hook("{'pull': 'module.function'}"), "method 'pull' is 'module.function', expected"),
    "a bad name": (hook("{'Pull it': print}"), "method name 'Pull it' is not allowed"),
    "a bad suite": (hook("{'x': 3}", "astrobench_suites"), "suite 'x' is int, expected the path of a TOML file"),
}


@pytest.mark.parametrize(("source", "told"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_plugin_is_quarantined_with_one_sentence_and_breaks_nothing(installed, source, told):
    installed("ab-broken", {"ab_test_broken": source}, version="0.3")
    registry = Registry.load()
    sentence = registry.faults[0].sentence
    assert sentence.startswith("ab-broken 0.3, entry point 'main': ")
    assert told in sentence
    assert "\n" not in sentence
    assert registry.get("architectures", "convnet").origin.startswith("astrobench ")


@pytest.mark.parametrize("name", ["Pull", "", "-pull", "pull\n", "pu ll", "a" * 65, "timm::", "../pull", "pül"])
def test_names_are_plain(installed, name):
    installed("ab-names", {"ab_test_names": hook(f"{{{name!r}: print, 'good': print}}")})
    registry = Registry.load()
    assert len(registry.faults) == 1
    assert registry.get("methods", "good").distribution == "ab-names"


def test_one_bad_hook_leaves_the_others_of_its_plugin(installed):
    installed("ab-half", {"ab_test_half": textwrap.dedent(METHOD) + hook("1 / 0", "astrobench_metrics")})
    registry = Registry.load()
    assert "hook 'astrobench_metrics' raises" in registry.faults[0].sentence
    assert registry.get("methods", "pull").distribution == "ab-half"


def test_an_entry_point_to_nothing_is_quarantined(installed):
    installed("ab-void", {"ab_test_void": METHOD}, target="ab_test_void:missing")
    assert "cannot be imported: AttributeError" in Registry.load().faults[0].sentence


@pytest.mark.parametrize("text", ["[astrobench]\nnothing here\n", "[astrobench]\n= \n"])
def test_metadata_that_cannot_be_read_breaks_nothing_else(installed, tmp_path, text):
    installed("ab-garbled", {"ab_test_garbled": METHOD})
    next(tmp_path.rglob("entry_points.txt")).write_text(text)
    registry = Registry.load()
    assert [fault.distribution for fault in registry.faults] == ["ab-garbled"]
    assert registry.get("architectures", "convnet").distribution == "astrobench"


def test_a_distribution_without_a_name_breaks_nothing_else(installed, tmp_path):
    installed("ab-nameless", {"ab_test_nameless": METHOD})
    next(tmp_path.rglob("METADATA")).write_text("Metadata-Version: 2.1\n")
    assert "convnet" in Registry.load().names("architectures")


def test_ctrl_c_in_a_plugin_ends_the_command(installed):
    installed("ab-stop", {"ab_test_stop": "raise KeyboardInterrupt"})
    with pytest.raises(KeyboardInterrupt):
        Registry.load()


def test_a_name_of_two_distributions_is_refused_with_both_named(installed):
    for number in (1, 2):
        installed(f"ab-pull{number}", {f"ab_test_pull{number}": METHOD})
    registry = Registry.load()
    with pytest.raises(PluginError, match=r"given by two plugins, ab-pull1 1.0 .* and ab-pull2 1.0"):
        registry.get("methods", "pull")
    assert registry.get("architectures", "convnet").name == "convnet"
    assert registry.names("methods").count("pull") == 1
    assert [plugin.distribution for plugin in registry.of("methods") if plugin.name == "pull"] == [
        "ab-pull1",
        "ab-pull2",
    ]


def test_an_unknown_name_gets_the_nearest_one():
    with pytest.raises(PluginError, match="unknown architecture 'convnte'; did you mean 'convnet'"):
        Registry.load().get("architectures", "convnte")


def test_an_unknown_name_is_told_what_is_quarantined(installed):
    installed("ab-broken", {"ab_test_broken": "import no_such_module"})
    with pytest.raises(PluginError, match=r"unknown method 'pull'.*; quarantined: ab-broken 1.0.*no_such_module"):
        Registry.load().get("methods", "pull")


def test_an_unknown_kind_is_told_the_kinds():
    for ask in (Registry().of, Registry().names, lambda kind: Registry().get(kind, "x")):
        with pytest.raises(PluginError, match="unknown kind of plugin 'method'; did you mean 'methods'"):
            ask("method")


def plugin(target, kind="methods", name="pull", **more) -> Plugin:
    return Plugin(kind, name, target, "dist", "1.0", "main", **more)


def family(shape, outputs, member, *, width: int = 1):
    """Build any."""
    return shape, outputs, member, width


def test_a_family_is_found_by_what_stands_before_the_colon():
    registry = Registry.of_plugins([plugin(family, "architectures", "timm:")])
    found = registry.get("architectures", "timm:resnet10t.c3_in1k")
    assert (found.name, found.argument) == ("timm:resnet10t.c3_in1k", "resnet10t.c3_in1k")
    assert found.complete({}) == {"width": 1}
    assert found.resolve()((3, 8, 8), 2, width=4) == ((3, 8, 8), 2, "resnet10t.c3_in1k", 4)


def test_a_family_without_a_member_is_refused():
    with pytest.raises(PluginError, match="name a member after the colon"):
        Registry.of_plugins([plugin(family, "architectures", "timm:")]).get("architectures", "timm:")


def method(features, outputs, *, weight: float, mode: str = "a", sizes: tuple[int, ...] = (1,), at: Path | None = None):
    return weight, mode, sizes, at


def test_parameters_are_completed_in_json_types():
    completed = plugin(method).complete({"weight": 2, "at": "x"})
    assert completed == {"weight": 2.0, "mode": "a", "sizes": [1], "at": "x"}
    assert isinstance(completed["weight"], float)


def test_a_plugin_is_called_with_the_types_of_its_annotations():
    found = plugin(method)
    assert found.resolve()(1, 2, **found.complete({"weight": 2, "at": "x"})) == (2.0, "a", (1,), Path("x"))


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({}, "method 'pull' needs parameter 'weight' (float)"),
        ({"weigth": 1}, "method 'pull' has no parameter 'weigth'; did you mean 'weight'?"),
        ({"weight": True}, "method 'pull': weight = True: expected float"),
        ({"weight": 1, "sizes": 3}, "method 'pull': sizes = 3: expected tuple[int, ...]"),
        ({"features": 3, "weight": 1}, "method 'pull' has no parameter 'features'"),
    ],
)
def test_a_wrong_parameter_is_a_fault_of_the_suite(params, told):
    with pytest.raises(SuiteError) as fault:
        plugin(method).complete(params)
    assert str(fault.value).startswith(told)


def test_a_wrong_choice_gets_the_nearest_one():
    source = "astrobench_scores.latent_distance:latent_distance"
    with pytest.raises(SuiteError, match=r"over = 'fliped': expected Literal.*; did you mean 'flipped'"):
        plugin(source, "metrics").complete({"over": "fliped"})


def three(a, b, c): ...
def wrong_default(a, b, *, c: int = "x"): ...
def wrong_annotation(a, b, *, c: dict[str, int] = {}): ...  # noqa: B006


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (three, "takes positional arguments a, b, c; the engine gives 2"),
        (wrong_default, "the default c = 'x': expected int"),
        (wrong_annotation, "'c' is annotated dict[str, int]; allowed are int, float"),
        ("no_such_module_at_all:f", "has no source file"),
    ],
)
def test_a_plugin_that_breaks_the_contract_is_refused_at_plan_time(target, told):
    with pytest.raises(PluginError) as fault:
        plugin(target).complete({})
    assert str(fault.value).startswith("method 'pull' of dist 1.0")
    assert told in str(fault.value)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import no_such_module\ndef f(a, b): ...", "cannot be imported: ModuleNotFoundError"),
        ("import sys; sys.exit(1)\ndef f(a, b): ...", "cannot be imported: SystemExit"),
        ("def g(): ...", "cannot be imported: AttributeError"),
        ("f = 3", "is int, expected a callable"),
    ],
)
def test_a_plugin_whose_module_breaks_names_its_distribution(installed, source, told):
    installed("ab-late", {"ab_test_late": source})
    found = plugin("ab_test_late:f")
    with pytest.raises(PluginError, match=rf"method 'pull' of dist 1.0 {told}"):
        found.resolve()


def test_a_suite_is_summed_up_by_its_title(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text('title = "Galaxies"\ndescription = "Many."\n')
    assert plugin(path, "suites").summary == "Galaxies"
    assert plugin(tmp_path / "none.toml", "suites").summary.startswith("cannot be read")


def test_loading_and_completing_imports_no_torch():
    code = """
        import sys
        from astrobench.registry import KINDS, Registry
        registry = Registry.load()
        for kind in KINDS:
            for plugin in registry.of(kind):
                plugin.signature, plugin.digest
        print([name for name in ("torch", "timm", "galsim", "sklearn", "scipy", "numpy") if name in sys.modules])
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
