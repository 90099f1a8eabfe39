"""Values of parameters, checked strictly against annotations that are read from source text.

A value travels as JSON, which has neither paths nor tuples: `checked` gives the JSON form that enters the key,
`typed` the form that the plugin is called with.
"""

from __future__ import annotations

import ast
import contextlib
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

from astrobench.intervals import Interval, interval

ALLOWED = (
    "int, float, str, bool, None, Literal[...], Path, tuple[...], list[...], unions of these with |, "
    "and Annotated[int or float, '[0, 1)'] with an interval"
)
"""The annotations that a plugin's parameters may carry."""

PLAIN = ("int", "float", "str", "bool", "Path")


class MismatchError(ValueError):
    """A value that its annotation does not allow."""


class AnnotationError(ValueError):
    """An annotation outside `ALLOWED`."""


def checked(value: Any, annotation: str) -> Any:
    """Return a value as JSON types, as its annotation says: an int becomes a float, a tuple or Path what JSON has.

    A bool is no int, a float is finite. Raises MismatchError, or AnnotationError for an annotation outside ALLOWED.
    """
    return _checked(value, _tree(annotation))


def typed(value: Any, annotation: str) -> Any:
    """Return a checked JSON value as Python types: the Path and the tuple that the annotation speaks of."""
    node = _tree(annotation)
    return _typed(value, next(part for part in _members(node) if _fits(value, part)))


def choices(annotation: str) -> list[str]:
    """Return the values of the Literals inside an annotation, as text."""
    return [str(value) for part in _members(_tree(annotation)) if _head(part) == "Literal" for value in _literals(part)]


@lru_cache(maxsize=1024)
def _tree(annotation: str) -> ast.expr:
    try:
        node = ast.parse(annotation, mode="eval").body
        if isinstance(node, ast.Constant) and isinstance(node.value, str):  # an annotation in quotes
            node = ast.parse(node.value, mode="eval").body
    except SyntaxError:
        raise AnnotationError(annotation) from None
    for part in _members(node):
        _check_annotation(part)
    return node


def _check_annotation(node: ast.expr) -> None:
    head = _head(node)
    if head == "Literal":
        _literals(node)
    elif head == "Annotated":
        _bounded(node)
    elif head in ("tuple", "list"):
        for item in _items(node):
            for part in _members(item):
                _check_annotation(part)
    elif head not in (*PLAIN, "None"):
        raise AnnotationError(ast.unparse(node))


def _members(node: ast.expr) -> list[ast.expr]:
    """Return the members of a union, or the annotation alone."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_members(node.left), *_members(node.right)]
    return [node]


def _head(node: ast.expr) -> str:
    """Return the name an annotation begins with: "tuple" of `tuple[int, ...]`, "Path" of `pathlib.Path`."""
    base = node.value if isinstance(node, ast.Subscript) else node
    if isinstance(base, ast.Constant) and base.value is None:
        return "None"
    return base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")


def _items(node: ast.expr) -> list[ast.expr]:
    """Return the item annotations of a tuple or list, without the ellipsis; none for a bare `tuple`."""
    if not isinstance(node, ast.Subscript):
        return []
    inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return [item for item in inner if not _is_ellipsis(item)]


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _literals(node: ast.expr) -> list[Any]:
    try:
        return [ast.literal_eval(item) for item in _items(node)]
    except ValueError:
        raise AnnotationError(ast.unparse(node)) from None


def _bounded(node: ast.expr) -> tuple[ast.expr, Interval]:
    """Return the number type and the interval of an `Annotated`."""
    match _items(node):
        case [ast.Name(id="int" | "float") as kind, ast.Constant(value=str(text))]:
            with contextlib.suppress(ValueError):
                return kind, interval(text)
    raise AnnotationError(ast.unparse(node))


def _fits(value: Any, node: ast.expr) -> bool:
    try:
        _checked(value, node)
    except MismatchError:
        return False
    return True


def _checked(value: Any, node: ast.expr) -> Any:
    members = _members(node)
    if len(members) > 1:
        fitting = [part for part in members if _fits(value, part)]
        if not fitting:
            raise MismatchError(value)
        return _checked(value, fitting[0])
    head = _head(node)
    if head in ("tuple", "list"):
        return _sequence(value, node)
    if head == "Literal":
        return _one_of(value, _literals(node))
    if head == "Annotated":
        return _within(value, *_bounded(node))
    if not _is_plain(value, head):
        raise MismatchError(value)
    return float(value) if head == "float" else str(value) if head == "Path" else value


def _is_plain(value: Any, head: str) -> bool:
    if isinstance(value, bool):
        return head == "bool"
    if head == "float":
        return isinstance(value, int | float) and math.isfinite(value)
    if head == "Path":
        return isinstance(value, str | Path) and str(value) != ""
    return value is None if head == "None" else isinstance(value, {"int": int, "str": str}.get(head, ()))


def _within(value: Any, kind: ast.expr, allowed: Interval) -> Any:
    number = _checked(value, kind)
    if not allowed.holds(number):
        raise MismatchError(value)
    return number


def _one_of(value: Any, allowed: list[Any]) -> Any:
    for choice in allowed:
        if type(choice) is type(value) and choice == value:
            return value
    raise MismatchError(value)


def _sequence(value: Any, node: ast.expr) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise MismatchError(value)
    return [_checked(item, kind) for item, kind in zip(value, _kinds(value, node), strict=True)]


def _kinds(value: Any, node: ast.expr) -> list[ast.expr]:
    """Return one annotation for each item of a sequence. Raises MismatchError for a wrong length."""
    items = _items(node)
    if not isinstance(node, ast.Subscript):
        raise AnnotationError(f"{ast.unparse(node)} without the type of its items")
    if _head(node) == "list" or any(_is_ellipsis(item) for item in getattr(node.slice, "elts", ())):
        return items * len(value)
    if len(items) != len(value):
        raise MismatchError(value)
    return items


def _typed(value: Any, node: ast.expr) -> Any:
    head = _head(node)
    if head == "Path":
        return Path(value).expanduser()
    if head not in ("tuple", "list"):
        return value
    parts = zip(value, _kinds(value, node), strict=True)
    items = [_typed(item, next(part for part in _members(kind) if _fits(item, part))) for item, kind in parts]
    return tuple(items) if head == "tuple" else items
