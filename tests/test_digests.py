"""Digests: code that runs changes them; words, layout and strangers do not."""

from __future__ import annotations

import ast
import functools
import shutil
from pathlib import Path

import pytest
from astrobench import digests
from astrobench.digests import source_digest
from astrobench.errors import PluginError
from astrobench.sources import imported, parsed
from distributions import write_modules

CODE = {
    "dig.": "",
    "dig.plugin": '''
        """Words."""
        from typing import TYPE_CHECKING
        from dig import near
        from dig.inner.far import distance
        if TYPE_CHECKING:
            from dig.types_only import T

        def f(*, a: int = 1):
            """More words."""
            return near.g(a) + distance
    ''',
    "dig.near": "import dig.deep\ndef g(a): return a\n",
    "dig.deep": """
        x = [f'{y!r:>{z}} and {{' f'{w}' for y in 'ab' if (z := 1) < (w := 2)]
        g = lambda *a, b=u'1', **c: {**c, b: a}
        def h(x: int | None = None): return x
    """,
    "dig.inner.": "",
    "dig.inner.far": "distance = 3\n",
    "dig.types_only": "T = int\n",
    "dig.stranger": "y = 1\n",
}


@pytest.fixture
def digest_of(tmp_path, monkeypatch):
    """Return a function: CODE with some modules changed → digest of dig.plugin:f."""
    monkeypatch.syspath_prepend(tmp_path)

    def digest(**changed):
        write_modules(tmp_path, CODE | {f"dig.{name.replace('__', '.')}": text for name, text in changed.items()})
        digests._module_digest.cache_clear()
        return source_digest("dig.plugin:f")

    return digest


def test_the_same_code_has_the_same_digest_on_every_python(digest_of):
    assert digest_of() == "9812d7c6989c3b734aa6dd1f1e55a6430d1753e9e011ceb1718b3dc77f9f2e17"


@pytest.mark.parametrize(
    "changed",
    [
        {"plugin": CODE["dig.plugin"].replace("Words", "Other words").replace("return", "# why\n            return")},
        {"stranger": "y = 2\n"},
        {"types_only": "T = str\n"},
        {"": "names = ['one more plugin']\n"},
        {"near": "import dig.deep\n\n\ndef g(\n    a,\n):\n    'said'\n    return a\n"},
    ],
    ids=["comments and docstrings", "a stranger", "types only", "the package's list of names", "layout"],
)
def test_what_does_not_run_changes_nothing(digest_of, changed):
    assert digest_of(**changed) == digest_of()


@pytest.mark.parametrize(
    "changed",
    [
        {"plugin": CODE["dig.plugin"].replace("a: int = 1", "a: int = 2")},
        {"near": "import dig.deep\ndef g(a): return a + 1\n"},
        {"deep": "x = 2\n"},
        {"inner__far": "distance = 3.0\n"},
    ],
    ids=["a default", "a module it imports", "a module that imports", "a constant's type"],
)
def test_what_runs_changes_the_digest(digest_of, changed):
    assert digest_of(**changed) != digest_of()


def test_a_name_that_stands_in_a_package_brings_the_package(digest_of):
    plugin = {"plugin": "from dig import names\ndef f(): return names\n"}
    assert digest_of(**plugin, **{"": "names = [1]\n"}) != digest_of(**plugin, **{"": "names = [2]\n"})


PROTOCOLS = ("astrobench.training.loop", "astrobench.predicting")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_better_message_trains_nothing_again(protocol, tmp_path, monkeypatch):
    package = tmp_path / "astrobench"
    shutil.copytree(Path(digests.__file__).parent, package)

    def digest(name, text):
        (package / name).write_text((package / name).read_text(encoding="utf-8") + text, encoding="utf-8")
        return digests._module_digest.__wrapped__(protocol)

    monkeypatch.setattr("astrobench.sources._folders", lambda top: [package])
    told = digest("errors.py", "")
    assert told == source_digest(f"{protocol}:f")
    assert digest("errors.py", "\nWORDS = 'better'\n") == told
    assert digest("progress.py", "\nWORDS = 'better'\n") == told
    assert digest("layers.py", "\nNUMBER = 2\n") != told


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_number_comes_from_a_module_that_only_speaks(protocol):
    """What a protocol imports from SPOKEN stands in a raise statement, or is called and its answer dropped."""
    for module, path in digests._reached(protocol).items():
        tree = parsed(path)
        words = {alias for origin, _, alias in imported(tree, module, package=False) if origin in digests.SPOKEN}
        raised = {id(name) for node in ast.walk(tree) if isinstance(node, ast.Raise) for name in ast.walk(node)}
        alone = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
        spoken = raised | {id(call.func) for call in alone if isinstance(call, ast.Call)}
        used = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in words]
        assert [f"{module}:{node.lineno}: {node.id}" for node in used if id(node) not in spoken] == []


def test_text_and_callable_have_one_digest():
    assert source_digest(source_digest) == source_digest("astrobench.digests:source_digest")
    assert source_digest(functools.partial(source_digest, "a")) == source_digest(source_digest)


def test_code_without_source_is_refused():
    with pytest.raises(PluginError, match="module 'math' has no source file"):
        source_digest("math:sqrt")
