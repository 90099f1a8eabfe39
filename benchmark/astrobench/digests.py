"""Digests of what a number depends on: a plugin's source, and the content of the files it is given."""

from __future__ import annotations

import ast
import contextlib
import csv
import hashlib
import json
import os
import time
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astrobench.caching import cache_root
from astrobench.errors import PluginError, SuiteError
from astrobench.sources import imported, module_file, parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SETTLED = 2.0
"""Seconds after which a file's time stamp can be trusted to change with its content."""

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


def content_digest(path: str | Path) -> str:
    """Return 64 hexadecimal digits of a file's bytes, or of a folder's file names and bytes, hidden files left out.

    A .csv with a column "path" stands for the files that it lists, relative to itself, as well: a dataset changes with
    its images. Those that are not there are left to the plugin to name.

    Kept in the cache folder (ASTROBENCH_CACHE overrides it) for as long as names, sizes and times stay the same.
    Raises SuiteError where nothing is there, or nothing that can be read.
    """
    place = Path(path).expanduser().resolve()
    if not place.exists():
        raise SuiteError(f"{str(path)!r} is not there: expected a file or a folder")
    try:
        return _content(place, [place, *_listed(place)] if place.is_file() else sorted(_files(place)))
    except OSError as error:
        raise SuiteError(f"{error.filename or str(path)!r} cannot be read: {error.strerror}") from None


def _content(place: Path, files: list[Path]) -> str:
    stats = [file.stat() for file in files]
    facts = [(str(file), told.st_size, told.st_mtime_ns) for file, told in zip(files, stats, strict=True)]
    stamp = hashlib.sha256(repr(facts).encode()).hexdigest()
    kept = _kept().get(str(place))
    if isinstance(kept, list) and len(kept) == 2 and kept[0] == stamp:
        return str(kept[1])
    digest = _file_digest(files) if place.is_file() else _folder_digest(place, files)
    if all(time.time() - told.st_mtime > SETTLED for told in stats):
        _keep(str(place), [stamp, digest])
    return digest


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


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(root, name) for name in names if not name.startswith("."))


def _listed(table: Path) -> list[Path]:
    """Return the files that a table lists, in its order; none where it is no such table."""
    if table.suffix.lower() != ".csv":
        return []
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            column = [name.strip().lower() for name in next(rows, [])].index("path")
            names = [row[column].strip() for row in rows if len(row) > column]
    except (ValueError, csv.Error):  # of other columns, or no text: its bytes are all there is
        return []
    return [path for name in names if name and "\0" not in name and (path := table.parent / name).is_file()]


def _file_digest(files: list[Path]) -> str:
    digests = [_bytes_digest(file) for file in files]
    return digests[0] if len(digests) == 1 else hashlib.sha256(json.dumps(digests).encode()).hexdigest()


def _bytes_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _folder_digest(folder: Path, files: list[Path]) -> str:
    rows = sorted((file.relative_to(folder).as_posix(), _bytes_digest(file)) for file in files)
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _memory() -> Path:
    return cache_root() / "digests.json"


def _kept() -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        body = json.loads(_memory().read_text(encoding="utf-8"))
        if isinstance(body, dict):
            return body
    return {}


def _keep(place: str, told: list[str]) -> None:
    """Remember a digest; a cache that cannot be written costs time and nothing else."""
    path = _memory()
    part = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps({**_kept(), place: told}), encoding="utf-8")
        part.replace(path)
