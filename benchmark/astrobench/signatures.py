"""What a plugin takes and says of itself, read from source text: nothing is imported, so `list` is fast.

Positional parameters belong to the engine, keyword-only parameters to the suite.
"""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from astrobench.errors import PluginError, did_you_mean
from astrobench.needs import Needs, needed_by, needed_on
from astrobench.severities import Severity, declared_in, declared_on
from astrobench.sources import imported, module_file, module_tree, split_target

if TYPE_CHECKING:
    from collections.abc import Callable

    Definition = ast.FunctionDef | ast.ClassDef


@dataclass(frozen=True)
class Parameter:
    """A keyword-only parameter. annotation: its source text, "" where there is none. default: a literal."""

    name: str
    annotation: str
    default: Any = None
    required: bool = False


@dataclass(frozen=True)
class Signature:
    """positional: names of what the engine fills in. optional: how many of those have a default.

    open: whether any number of positional arguments is taken. doc: the docstring, cleaned.
    severity: which parameter of a perturbation says how hard it hits. needs: what it needs of a dataset. returns: what
    it says it returns, as source text.
    """

    positional: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    doc: str = ""
    optional: int = 0
    open: bool = False
    severity: Severity | None = None
    returns: str = ""
    needs: Needs = field(default_factory=Needs)

    @property
    def summary(self) -> str:
        """The first sentence of the docstring, in one line."""
        first = " ".join(self.doc.split("\n\n")[0].split())
        head, stop, _ = first.partition(". ")
        return head + stop.strip()

    def takes(self, count: int) -> bool:
        """Whether the engine may call it with this many positional arguments."""
        return self.open or len(self.positional) - self.optional <= count <= len(self.positional)


def read_signature(target: str | Callable[..., object]) -> Signature:
    """Return the signature of a text "module:function", without importing it, or of a callable.

    Raises PluginError where the source has no such function or a default is no literal.
    """
    if not isinstance(target, str):
        returned = getattr(target, "__annotations__", {}).get("return", inspect.Signature.empty)
        returns = _text(returned).rpartition(".")[2]
        return replace(_of_callable(target), severity=declared_on(target), needs=needed_on(target), returns=returns)
    node, _ = find_definition(target)
    told = node.returns if isinstance(node, ast.FunctionDef) else None
    returns = "" if told is None else ast.unparse(told).strip("'\"").rpartition(".")[2]
    return replace(_of_node(node, target), severity=declared_in(node), needs=needed_by(node), returns=returns)


def find_definition(target: str) -> tuple[Definition, str]:
    """Return the function or class that a text names, and the module it stands in, through re-exports."""
    module, name = split_target(target)
    seen: set[tuple[str, str]] = set()
    while (module, name) not in seen:
        seen.add((module, name))
        tree = module_tree(module)
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
                return node, module
        module, name = _re_export(tree, module, name)
    raise PluginError(f"{target!r} imports itself")


def _re_export(tree: ast.Module, module: str, name: str) -> tuple[str, str]:
    path = module_file(module)
    package = path is not None and path.name == "__init__.py"
    for origin, original, alias in imported(tree, module, package=package):
        if alias == name and original is not None and origin.split(".")[0] == module.split(".")[0]:
            return origin, original
    defined = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    raise PluginError(f"module {module!r} has no function {name!r}{did_you_mean(name, defined)}")


def _of_node(node: Definition, target: str) -> Signature:
    doc = ast.get_docstring(node) or ""
    if isinstance(node, ast.FunctionDef):
        return _of_arguments(node.args, doc, target, bound=False)
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            return _of_arguments(item.args, doc, target, bound=True)
    return Signature(doc=doc)


def _of_arguments(arguments: ast.arguments, doc: str, target: str, *, bound: bool) -> Signature:
    positional = [arg.arg for arg in (*arguments.posonlyargs, *arguments.args)][bound:]
    parameters = tuple(
        Parameter(
            arg.arg,
            "" if arg.annotation is None else ast.unparse(arg.annotation),
            None if default is None else _literal(default, arg.arg, target),
            required=default is None,
        )
        for arg, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    )
    return Signature(tuple(positional), parameters, doc, len(arguments.defaults), arguments.vararg is not None)


def _literal(node: ast.expr, name: str, target: str) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise PluginError(
            f"the default of parameter {name!r} of {target!r} is {ast.unparse(node)!r}, expected a literal"
        ) from None


def _of_callable(target: Callable[..., object]) -> Signature:
    try:
        signature = inspect.signature(target)
    except (TypeError, ValueError) as error:
        raise PluginError(f"the signature of {target!r} cannot be read: {error}") from None
    by_kind: dict[Any, list[inspect.Parameter]] = {}
    for parameter in signature.parameters.values():
        by_kind.setdefault(parameter.kind, []).append(parameter)
    kinds = inspect.Parameter
    positional = by_kind.get(kinds.POSITIONAL_ONLY, []) + by_kind.get(kinds.POSITIONAL_OR_KEYWORD, [])
    return Signature(
        tuple(parameter.name for parameter in positional),
        tuple(_of_parameter(parameter) for parameter in by_kind.get(kinds.KEYWORD_ONLY, [])),
        inspect.getdoc(target) or "",
        sum(parameter.default is not kinds.empty for parameter in positional),
        kinds.VAR_POSITIONAL in by_kind,
    )


def _of_parameter(parameter: inspect.Parameter) -> Parameter:
    empty = inspect.Parameter.empty
    required = parameter.default is empty
    return Parameter(parameter.name, _text(parameter.annotation), None if required else parameter.default, required)


def _text(annotation: Any) -> str:
    """Return an annotation as it would stand in the source."""
    if annotation is inspect.Parameter.empty:
        return ""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
