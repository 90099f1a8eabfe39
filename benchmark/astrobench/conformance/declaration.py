"""What holds for every plugin before it runs: its source, its words, its parameters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from astrobench.conformance.rules import SkippedError, expect
from astrobench.parameters import ALLOWED, AnnotationError, MismatchError, checked
from astrobench.registry.plugin import POSITIONAL

if TYPE_CHECKING:
    from astrobench.registry import Plugin


def its_source_can_be_read(plugin: Plugin) -> None:
    """The signature is read from source, defaults and all, and the source has a digest."""
    expect(len(plugin.digest) == 64 and plugin.signature is not None, "it has no digest")


def it_says_what_it_is(plugin: Plugin) -> str:
    """The docstring begins with a sentence that `astrobench list` shows."""
    expect(bool(plugin.summary), "it has no docstring: its first sentence is what `astrobench list` shows")
    return plugin.summary


def it_can_be_imported(plugin: Plugin) -> None:
    """Its module imports."""
    if plugin.kind != "suites":
        plugin.resolve()


def the_engine_can_call_it(plugin: Plugin) -> str:
    """Positional parameters are exactly those that the engine fills in."""
    if plugin.kind not in POSITIONAL:
        raise SkippedError("a suite is a file")
    signature = plugin.signature
    counts = [count + (plugin.argument is not None) for count in POSITIONAL[plugin.kind]]
    told = f"takes {', '.join(signature.positional) or 'no positional arguments'}"
    expect(signature.open or len(signature.positional) in counts, f"{told}; the engine gives {_either(counts)}")
    return told


def its_parameters_are_typed(plugin: Plugin) -> str:
    """Every keyword-only parameter has an annotation that a suite can fill, and a default that fits it."""
    for parameter in plugin.signature.parameters:
        expect(bool(parameter.annotation), f"parameter {parameter.name!r} has no annotation; allowed are {ALLOWED}")
        try:
            if not parameter.required:
                checked(parameter.default, parameter.annotation)
        except AnnotationError as error:
            expect(False, f"parameter {parameter.name!r} is annotated {error}; allowed are {ALLOWED}")
        except MismatchError:
            expect(
                False, f"the default of {parameter.name!r} is {parameter.default!r}, expected {parameter.annotation}"
            )
    return ", ".join(parameter.name for parameter in plugin.signature.parameters)


def its_severity_is_a_number(plugin: Plugin) -> str:
    """A severity that it declares is a keyword-only number."""
    told = plugin.signature.severity
    if told is None:
        return "none is declared"
    kinds = {parameter.name: parameter.annotation for parameter in plugin.signature.parameters}
    found = kinds.get(told.parameter)
    expect(found is not None, f"its severity {told.parameter!r} is not one of its parameters")
    numeric = bool(re.search(r"\b(int|float)\b", found or ""))
    expect(numeric, f"its severity {told.parameter!r} is {found}, expected a number")
    return f"{told.parameter} {told.unit}".rstrip()


RULES = (
    its_source_can_be_read,
    it_says_what_it_is,
    the_engine_can_call_it,
    its_parameters_are_typed,
    its_severity_is_a_number,
    it_can_be_imported,
)


def _either(counts: list[int]) -> str:
    return " or ".join(map(str, counts))
