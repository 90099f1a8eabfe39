"""Signatures: what a plugin takes, read from source text without importing it."""

from __future__ import annotations

import functools
import importlib
import sys

import pytest
from astrobench.errors import PluginError
from astrobench.signatures import Parameter, Signature, read_signature
from distributions import write_modules

SOURCE = '''
    from __future__ import annotations
    from pathlib import Path
    from typing import Literal

    def method(features, /, outputs=2, *, weight: float = 0.5, sizes: tuple[int, ...] = (1, -2),
               folder: Path | None = None, mode: Literal["a", "b"] = "a", years: float):
        """Pull two domains
        together. Then more.

        Source: nobody.
        """

    def anything(*batches, weight: int = 1): ...

    class Method:
        """A class is a plugin too."""

        def __init__(self, features, outputs, *, weight: float = 1.0): ...

    class Bare: ...
'''


@pytest.fixture
def source(tmp_path, monkeypatch, request):
    """Return a function that writes a package "sig_…" of its own and returns its name."""
    name = f"sig_{abs(hash(request.node.nodeid)):x}"

    def written(**modules):
        write_modules(tmp_path, {f"{name}.": "", **{f"{name}.{key}": text for key, text in modules.items()}})
        monkeypatch.syspath_prepend(tmp_path)
        return name

    yield written
    for module in [module for module in sys.modules if module.split(".")[0] == name]:
        del sys.modules[module]


@pytest.mark.parametrize("name", ["method", "anything", "Method", "Bare"])
def test_text_and_callable_read_alike(source, name):
    package = source(plugin=SOURCE)
    by_text = read_signature(f"{package}.plugin:{name}")
    assert by_text == read_signature(getattr(importlib.import_module(f"{package}.plugin"), name))


def test_a_signature_has_positional_names_parameters_and_doc(source):
    found = read_signature(f"{source(plugin=SOURCE)}.plugin:method")
    assert found.positional == ("features", "outputs")
    assert found.parameters[0] == Parameter("weight", "float", 0.5)
    assert found.parameters[1] == Parameter("sizes", "tuple[int, ...]", (1, -2))
    assert found.parameters[-1] == Parameter("years", "float", required=True)
    assert found.summary == "Pull two domains together."
    assert found.doc.endswith("Source: nobody.")


def test_nothing_is_imported(source):
    package = source(plugin='raise RuntimeError("imported")\ndef f(*, a: int = 1): ...\n')
    assert read_signature(f"{package}.plugin:f").parameters == (Parameter("a", "int", 1),)
    assert package not in sys.modules


def test_a_re_export_is_followed(source):
    package = source(a="from .b import g as f\n", b='def g(x): "Said in b."\n')
    assert read_signature(f"{package}.a:f") == Signature(("x",), doc="Said in b.")


def test_a_module_that_imports_from_itself_is_a_fault(source):
    package = source(a="from .b import f\n", b="from .a import f\n")
    with pytest.raises(PluginError, match="imports itself"):
        read_signature(f"{package}.a:f")


def test_an_unknown_function_gets_the_nearest_name(source):
    package = source(plugin=SOURCE)
    with pytest.raises(PluginError, match="has no function 'methud'; did you mean 'method'"):
        read_signature(f"{package}.plugin:methud")


def test_a_default_that_is_no_literal_is_a_fault(source):
    package = source(plugin="def f(*, a: float = 2 ** 0.5): ...\n")
    with pytest.raises(PluginError, match=r"default of parameter 'a' .* is '2 \*\* 0.5', expected a literal"):
        read_signature(f"{package}.plugin:f")


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("no_such_package.module:f", "has no source file"),
        ("json.nothing:f", "has no source file"),
        ("json", "not of the form"),
        ("json:loads:more", "not of the form"),
        ("../json:loads", "not of the form"),
    ],
)
def test_a_target_that_names_no_source_is_a_fault(target, told):
    with pytest.raises(PluginError, match=told):
        read_signature(target)


def test_a_file_that_does_not_parse_is_a_fault(source):
    with pytest.raises(PluginError, match="cannot be read as Python"):
        read_signature(f"{source(plugin='def f(:')}.plugin:f")


def test_a_partial_keeps_what_is_left():
    def f(a, b, *, c: int = 1): ...

    left = read_signature(functools.partial(f, 1, c=2))
    assert (left.positional, left.parameters) == (("b",), (Parameter("c", "int", 2),))


@pytest.mark.parametrize(
    ("signature", "counts"),
    [
        (Signature(("a", "b")), {2}),
        (Signature(("a", "b", "c"), optional=1), {2, 3}),
        (Signature(open=True), {0, 1, 2, 3}),
        (Signature(), {0}),
    ],
)
def test_takes_what_python_would_let_the_engine_give(signature, counts):
    assert {count for count in range(4) if signature.takes(count)} == counts
