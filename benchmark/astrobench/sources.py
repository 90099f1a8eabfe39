"""Finding and reading a module's source text without importing it."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from astrobench.errors import PluginError

if TYPE_CHECKING:
    from collections.abc import Iterator

TARGET = re.compile(r"(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*:[A-Za-z_]\w*")
"""The text form of a plugin, "module:function"."""


def split_target(target: str) -> tuple[str, str]:
    """Return (module, function) of a text "module:function". Raises PluginError for any other text."""
    if not TARGET.fullmatch(target):
        raise PluginError(f"{target!r} is not of the form 'package.module:function'")
    module, _, function = target.partition(":")
    return module, function


def module_file(module: str) -> Path | None:
    """Return the source file of a module, or None where there is none.

    Only the folder of the top-level package is looked up; no package is imported.
    """
    top, *rest = module.split(".")
    for folder in _folders(top):
        stem = folder.joinpath(*rest)
        if rest and (found := stem.with_name(stem.name + ".py")).is_file():
            return found
        if (found := stem / "__init__.py").is_file():
            return found
    return _single_file(top) if not rest else None


def module_tree(module: str) -> ast.Module:
    """Return the syntax tree of a module. Raises PluginError where there is no source, or none that parses."""
    path = module_file(module)
    if path is None:
        raise PluginError(f"module {module!r} has no source file on this machine")
    return parsed(path)


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file, read once for as long as the file stays the same."""
    told = path.stat()
    return _parsed(path, told.st_size, told.st_mtime_ns)


def imported(tree: ast.Module, module: str, *, package: bool) -> Iterator[tuple[str, str | None, str]]:
    """Yield (module, name, alias) for each import that runs: name is None for `import module`.

    package: whether the tree is that of a package's `__init__`, from which relative imports start one level lower.
    """
    for node in _running(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None, alias.asname or alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = _absolute(node, module, package=package)
            yield from ((origin, alias.name, alias.asname or alias.name) for alias in node.names)


@lru_cache(maxsize=1024)
def _parsed(path: Path, size: int, mtime_ns: int) -> ast.Module:
    try:
        return ast.parse(path.read_bytes(), filename=str(path))
    except (OSError, SyntaxError, ValueError) as error:
        raise PluginError(f"{path} cannot be read as Python: {error}") from None


def _folders(top: str) -> list[Path]:
    spec = _spec(top)
    return [Path(place) for place in spec.submodule_search_locations or ()] if spec else []


def _single_file(top: str) -> Path | None:
    spec = _spec(top)
    path = Path(spec.origin) if spec and spec.origin else None
    return path if path is not None and path.suffix == ".py" and path.is_file() else None


def _spec(top: str) -> importlib.machinery.ModuleSpec | None:
    try:
        return importlib.util.find_spec(top)
    except (ImportError, ValueError):  # ValueError: sys.modules holds something without a spec
        return getattr(sys.modules.get(top), "__spec__", None)


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Walk a tree without the blocks that only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and _is_type_checking(child.test):
            for other in child.orelse:
                yield other
                yield from _running(other)
            continue
        yield child
        yield from _running(child)


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def _absolute(node: ast.ImportFrom, module: str, *, package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    keep = len(parts) - node.level + (1 if package else 0)
    return ".".join([*parts[: max(keep, 0)], *([node.module] if node.module else [])])
