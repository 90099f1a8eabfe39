"""Digests of the code that a number depends on: a plugin's source."""

from __future__ import annotations

import ast
import hashlib
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from astrobench.errors import PluginError
from astrobench.sources import imported, module_file, parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SPOKEN = frozenset({"astrobench.errors", "astrobench.progress"})
"""Modules that only say things to people. A training that ends well took no number from them, so a better message
trains nothing again; a test holds all code with a digest to using them for words alone."""


def source_digest(target: str | Callable[..., object]) -> str:
    """Return 64 hexadecimal digits of the code behind "module:function" or a callable.

    The code is the module and, through its imports, every module of the same top-level package that it runs on.
    Comments, docstrings, layout, type-checking imports, files it does not import and the core's messages (SPOKEN)
    change nothing; nor do data files and other distributions, whose versions a record carries. Raises PluginError
    where there is no source.
    """
    return _module_digest(_module_of(target))


def _module_of(target: str | Callable[..., object]) -> str:
    if isinstance(target, str):
        return target.partition(":")[0]
    function: Any = target
    while (inner := getattr(function, "func", None) or getattr(function, "__wrapped__", None)) is not None:
        function = inner
    module = getattr(function, "__module__", None) or type(function).__module__
    return str(module)


@lru_cache(maxsize=1024)
def _module_digest(module: str) -> str:
    """One process sees one digest of a module, as it sees one import of it."""
    if module_file(module) is None:
        raise PluginError(f"module {module!r} has no source file, so its results cannot be told from those of another")
    parts = {name: _tree_digest(path) for name, path in sorted(_reached(module).items())}
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _reached(module: str) -> dict[str, Path]:
    """Return the modules of the same top-level package that a module's imports lead to, itself among them."""
    top = module.split(".")[0]
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = module_file(name)
        if name in found or path is None or name.split(".")[0] != top:
            continue
        found[name] = path
        for origin, item, _ in imported(parsed(path), name, package=path.name == "__init__.py"):
            origin = origin if item is None or module_file(f"{origin}.{item}") is None else f"{origin}.{item}"
            if origin not in SPOKEN:
                waiting.append(origin)
    return found


def _tree_digest(path: Path) -> str:
    return hashlib.sha256("".join(_words(parsed(path))).encode()).hexdigest()


def _words(node: object) -> Iterator[str]:
    """Yield a syntax tree as text that is the same on every Python: `ast.dump` is not."""
    if isinstance(node, list):
        yield "["
        for item in node:
            if not _is_text(item):
                yield from _words(item)
        yield "]"
    elif isinstance(node, ast.AST):
        yield f"({type(node).__name__}"
        for name, value in _fields(node):
            yield f" {name}="
            yield from _words(value)
        yield ")"
    else:
        yield f"{type(node).__name__}:{node!r};"


def _fields(node: ast.AST) -> Iterator[tuple[str, object]]:
    for name, value in ast.iter_fields(node):
        if name in ("ctx", "kind", "type_comment") or value in (None, []):
            continue
        if isinstance(node, ast.JoinedStr):  # Python 3.12 alone sees an empty text at the end of f"{x:{y}}"
            value = [part for part in node.values if not (isinstance(part, ast.Constant) and part.value == "")]
        yield name, value


def _is_text(node: object) -> bool:
    """Whether a statement is a docstring, or other bare text that does nothing."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
