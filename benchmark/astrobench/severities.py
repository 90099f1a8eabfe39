"""How hard a perturbation hits: the parameter that says it and its unit, read from source text."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from astrobench.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., object]")
Harder = Literal["higher", "lower"]


@dataclass(frozen=True)
class Severity:
    """The severity of a perturbation.

    parameter: the name of a numeric keyword-only parameter, whose annotation tells its physical range. unit: "" for a
    pure number. harmless: the value that changes nothing, or its limit; None where that depends on the data. harder:
    which way it hits harder.
    """

    parameter: str
    unit: str
    harmless: float | None = None
    harder: Harder = "higher"


@dataclass(frozen=True)
class Point:
    """One point of a severity curve, as a record keeps it: which curve, where on it, and the axis of that curve."""

    curve: str
    severity: float
    unit: str
    harmless: float | None = None
    harder: Harder = "higher"


def severity(
    parameter: str, unit: str, *, harmless: float | None = None, harder: Harder = "higher"
) -> Callable[[F], F]:
    """Declare which parameter of a perturbation is its severity. Write literals: they are read without an import.

    The words are those of `Severity`.
    """
    told = Severity(parameter, unit, harmless, harder)

    def declare(function: F) -> F:
        function.severity = told  # type: ignore[attr-defined]
        return function

    return declare


def declared_in(node: ast.FunctionDef | ast.ClassDef) -> Severity | None:
    """Return the severity that a definition is decorated with. Raises PluginError for words that are no literals."""
    for one in node.decorator_list:
        if isinstance(one, ast.Call) and ast.unparse(one.func).split(".")[-1] == severity.__name__:
            try:
                words = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in one.keywords}
                return Severity(*map(ast.literal_eval, one.args), **words)
            except (ValueError, TypeError):
                raise PluginError(
                    f"the severity of {node.name!r} is {ast.unparse(one)!r}, expected literals for its words"
                ) from None
    return None


def declared_on(target: Any) -> Severity | None:
    """Return the severity that a callable was decorated with."""
    told = getattr(target, "severity", None)
    return told if isinstance(told, Severity) else None
