"""JSON from strangers, read so that it means one thing only and cannot cost more than its size.

Python's reader takes NaN, an infinity written as 1e999, the last of two equal keys, and half a surrogate pair; each is
refused here. So is what is too large or too deep, before anything is built from it.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any

from astrobench.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LARGEST_FILE = 256 * 2**20  # bytes; ten thousand rows take 20 MB
LARGEST_LINE = 2**20  # characters
DEEPEST = 32
LONGEST_NAME = 500

_BRACKET = re.compile(r"[][{}]")

Form = type | tuple[type, ...]


def lines_of(path: Path) -> list[str]:
    """Return the lines of a UTF-8 file. Raises StoreError where it is too large or no text, OSError as `open` does."""
    if path.stat().st_size > LARGEST_FILE:
        raise StoreError(f"{path} has {path.stat().st_size:,} bytes, allowed are {LARGEST_FILE:,}")
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise StoreError(f"{path} is no text in UTF-8: {error.reason} at byte {error.start}") from None


def parsed(text: str) -> Any:
    """Return what a line of JSON says. Raises ValueError for what is not JSON, or not to be trusted."""
    _check_size(text)
    _check_depth(text)
    try:
        body = json.loads(text, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if "\\ud" in text.lower():
        _check_pairs(body)
    return body


def check(body: Any, form: Mapping[str, Form], *, needed: tuple[str, ...] = ()) -> None:
    """Raise ValueError unless a body is a table whose known keys have these types and whose needed keys are there."""
    if not isinstance(body, dict):
        raise ValueError(f"{_short(body)} is no table")
    for key in needed:
        if key not in body:
            raise ValueError(f"it has no {key!r}")
    for key, value in body.items():
        wanted = form.get(key, object)
        if not isinstance(value, wanted) or (isinstance(value, bool) and not _takes_bool(wanted)):
            raise ValueError(f"{key!r} is {_short(value)}, expected {_named(wanted)}")


def check_line(text: str) -> None:
    """Raise ValueError for a line of JSON that `parsed` would refuse. text: as `json.dumps` writes it, without NaN."""
    _check_size(text)
    _check_depth(text)
    if "\\ud" in text:
        _check_pairs(json.loads(text))


def _check_size(text: str) -> None:
    if len(text) > LARGEST_LINE:
        raise ValueError(f"it has {len(text):,} characters, allowed are {LARGEST_LINE:,}")


def _check_depth(text: str) -> None:
    # An upper bound, brackets inside of texts included: names with 32 of them are not ours either.
    depth = 0
    for letter in _BRACKET.findall(text) if text.count("[") + text.count("{") > DEEPEST else "":
        depth += (letter in "[{") - (letter in "]}")
        if depth > DEEPEST:
            raise ValueError(f"it is nested more than {DEEPEST} deep")


def _check_pairs(body: Any) -> None:
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half a surrogate pair") from None


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{_short(text)} is too large for a number")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) != len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{_short(next(key for key in keys if keys.count(key) > 1))} is there twice")
    return body


def _takes_bool(wanted: Form) -> bool:
    return not {bool, object}.isdisjoint(wanted if isinstance(wanted, tuple) else (wanted,))


def _named(wanted: Form) -> str:
    return " or ".join(one.__name__ for one in (wanted if isinstance(wanted, tuple) else (wanted,)))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
