"""Spoiling a sound sample: by bytes, by words that parsers stumble over, and by values in the wrong place."""

from __future__ import annotations

import copy
import json
import tomllib
from typing import TYPE_CHECKING, Any

from fuzz.parsers import as_json

if TYPE_CHECKING:
    import random

WORDS = (
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1e308", b"9" * 400, b"9" * 5000, b"-0", b"0x10", b"null",
    b"true", b'"', b"'", b"{", b"}", b"[", b"]", b"[" * 40, b"{" * 2000, b",", b":", b"\\", b"\\ud800",
    b"\\u0000", b"\0",
    b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"\n\n", b"\xe2\x80\xa8", b"\x1b[2J", b"../../x", b"__import__('os')",
    b"!!python/object",
    b"=1+1", b"<script>", b"inf", b"nan", b"1979-05-27", b'"""', b"'''", b"#", b"\x7f" * 8, b"\x00" * 8, b"\xff" * 8,
    b"True", b"(", b")", b"(2**62,)", b"{'descr': 'O'", b"|O", b"<U99999999", b"F64", b"BF16", b"BOOL", b"data_offsets",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**63, 10**400, 0.5, 1e308, -1e-320, "", "a", "a" * 3000, "\ud83d\ude00", "\x1b[31m",
    "\n", "mean", "gain", "Y1", [], [[]], [1], ["a"], [None], {}, {"a": 1}, {"value": None}, {"": {}}, [{}], [0.0, 1.0],
    {"picked": {}}, {"plugin": "x"}, [{"title": "t", "score": "s"}], "higher", "////", {"a": [{"b": [[[]]]}]},
)  # fmt: skip


def spoiled(sample: bytes, rng: random.Random) -> bytes:
    """Return a spoiled copy; one time in twenty, bytes that have nothing to do with the sample."""
    if rng.random() < 0.05:
        return rng.randbytes(rng.randrange(200))
    if sample.startswith(b"\nname = ") and rng.random() < 0.6:
        return _by_keys(tomllib.loads(sample.decode()), rng)
    lines = as_json(sample) if sample[:1] == b"{" and rng.random() < 0.6 else None
    data = _by_values(lines, rng) if lines else sample
    if not lines or rng.random() < 0.2:
        for _ in range(rng.choice((1, 1, 2, 4, 16))):
            data = _by_bytes(data, rng)
    return data


def _by_bytes(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    end = min(len(data), at + rng.choice((1, 1, 2, 8, 64)))
    kind = rng.randrange(6)
    if kind == 0 and data:
        at = min(at, len(data) - 1)
        return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
    if kind == 1:
        return data[:at] + data[end:]
    if kind == 2:
        return data[:end] + data[at:end] * rng.choice((1, 1, 50)) + data[end:]
    if kind == 3:
        return data[:at]
    return data[:at] + rng.choice(WORDS) + data[end if kind == 4 else at :]


def _by_keys(table: dict[str, Any], rng: random.Random) -> bytes:
    """Return a table of TOML with values in the wrong places."""
    _displace(table, rng)
    return "\n".join(f"{json.dumps(key)} = {_inline(value)}" for key, value in table.items()).encode()


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_inline(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return "nan" if value is None else json.dumps(value)


def _by_values(lines: list[Any], rng: random.Random) -> bytes:
    _displace(lines, rng)
    return "\n".join(json.dumps(line) for line in lines).encode() + b"\n"


def _displace(lines: Any, rng: random.Random) -> None:
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        nodes = list(_nodes(lines))
        holder, key = rng.choice(nodes)
        if isinstance(holder, dict) and rng.random() < 0.15:
            del holder[key]
        elif isinstance(holder, dict) and rng.random() < 0.1:
            holder[rng.choice(("a", "", "value", "axes", "columns", "kind", "\x1b[0m"))] = copy.deepcopy(
                rng.choice(VALUES)
            )
        else:
            holder[key] = copy.deepcopy(rng.choice(VALUES))


def _nodes(value: Any) -> Any:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(pairs):
        yield value, key
        yield from _nodes(inner)
