"""The form that the lines of a file of records must have: what a stranger may send, and nothing else."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from astrobench.strict import LONGEST_NAME, Form, check

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("dataset", "domain", "architecture", "method", "perturbation", "cell", "training", "status")
MOST_SCORES = 1000
"""Scores that one metric may give of one cell: the layers of the deepest network, in CKA's own scores, are 200."""
LONGEST_SCORE_NAME, LONGEST_NOTE = 200, 500
"""Characters of a score's name, and of its unit or note: a thousand such scores fit into a line of records."""
NUMBER = (int, float)
NOTHING = type(None)
MOST_IMAGES = 2**31
WAYS = ("higher", "lower")

ROW: dict[str, Form] = {
    **dict.fromkeys(NAMES, str), "seed": int, "reason": str, "oracle": bool, "scores": dict, "correct": str,
    "correct_n": int, "images": int, "correct_of": str, "objects": str, "point": (dict, NOTHING), "checkpoints": dict,
    "provenance": dict, "problems": dict, "labelled": bool, "skipped": dict,
}  # fmt: skip
SCORE: dict[str, Form] = {
    "value": (*NUMBER, NOTHING), "unit": str, "better": (str, NOTHING), "se": (*NUMBER, NOTHING), "n": (int, NOTHING),
    "note": str, "interval": (list, NOTHING),
}  # fmt: skip
POINT: dict[str, Form] = {
    "curve": str, "severity": NUMBER, "unit": str, "harmless": (*NUMBER, NOTHING), "harder": str
}  # fmt: skip
HEADER: dict[str, Form] = {"suite": dict, "profile": str, "command": str, "schema": int}
SUITE: dict[str, Form] = {
    "name": str, "version": int, "title": str, "description": str, "synthetic": bool, "reference": str,
    "axes": (dict, NOTHING), "columns": (list, NOTHING), "rank": (dict, NOTHING), "published": (list, NOTHING),
    "training": (dict, NOTHING), "predict": (dict, NOTHING), "cross": (dict, NOTHING), "limit": (int, NOTHING),
}  # fmt: skip
COLUMN: dict[str, Form] = {
    "title": str, "score": str, "domain": str, "perturbation": str, "kind": str, "chance": (*NUMBER, NOTHING),
    "percent": bool, "help": str, "curve": (str, NOTHING),
}  # fmt: skip
PUBLISHED: dict[str, Form] = {
    **dict.fromkeys(("architecture", "method", "column", "text", "source"), str), "value": (*NUMBER, NOTHING),
    **dict.fromkeys(("dataset", "domain"), (str, NOTHING)),
}  # fmt: skip
RANK: dict[str, Form] = {"domain": str, "perturbation": str, "of": (dict, NOTHING)}
USE: dict[str, Form] = {
    "plugin": str,
    "label": (str, NOTHING),
    "params": dict,
    "curve": (str, NOTHING),
    "source": (str, NOTHING),
}
PLAIN: dict[str, Form] = {"domain": str, "seed": int}
"""The axes that no plugin stands on."""
CROSS: dict[str, Form] = {"trained": dict, "tested": list, "scores": list}


def check_row(body: Any) -> None:
    """Raise ValueError, saying what, unless a body has the form of a row."""
    check(body, ROW, needed=(*NAMES, "seed", "scores"))
    long = next((name for name in NAMES if len(body[name]) > LONGEST_NAME), None)
    if long is not None:
        raise ValueError(f"{long!r} has {len(body[long]):,} characters, allowed are {LONGEST_NAME}")
    check_scores(body["scores"])
    for name in ("problems", "skipped"):
        reasons = body.get(name, {})
        check(reasons, dict.fromkeys(reasons, str))
    if body.get("point") is not None:
        check(body["point"], POINT, needed=("curve", "severity", "unit"))
        _check_way(body["point"].get("harder", "higher"), WAYS)
    _check_bits("correct", body.get("correct", ""), body.get("correct_n", 0))
    _check_bits("objects", body.get("objects", ""), body.get("correct_n", 0))
    if not 0 <= body.get("images", 0) <= MOST_IMAGES:
        raise ValueError(f"'images' is {body['images']}, expected a number of images")


def check_scores(scores: Mapping[str, Any]) -> None:
    """Raise ValueError, saying what, unless every score has the form that a row may hold. Writer and reader ask it."""
    for score in scores.values():
        check(score, SCORE)
        _check_way(score.get("better"), (*WAYS, None))
        ends = score.get("interval")
        if ends is not None and (len(ends) != 2 or not all(_is_number(end) for end in ends)):
            raise ValueError("the ends of an interval are not two numbers")


def check_header(body: Any) -> None:
    """Raise ValueError, saying what, unless a body has the form of a header."""
    check(body, {"header": dict}, needed=("header",))
    check(body["header"], HEADER, needed=("suite", "profile", "command"))
    suite = body["header"]["suite"]
    check(suite, SUITE, needed=("name",))
    for column in suite.get("columns") or ():
        check(column, COLUMN, needed=("title", "score", "domain"))
    for axis, uses in (suite.get("axes") or {}).items():
        _check_axis(axis, uses)
    for told in suite.get("published") or ():
        check(told, PUBLISHED, needed=("architecture", "method", "column"))
    if suite.get("rank"):
        check(suite["rank"], RANK, needed=("domain",))
    if suite.get("cross"):
        _check_cross(suite["cross"])


def _check_axis(axis: str, uses: Any) -> None:
    """Plugins are tables; domains are names, seeds whole numbers."""
    check({axis: uses}, {axis: list})
    for use in uses:
        if axis in PLAIN:
            check({axis: use}, PLAIN)
        else:
            check(use, USE)


def _check_cross(body: Any) -> None:
    check(body, CROSS, needed=("trained", "tested", "scores"))
    names = [*body["trained"].values(), *body["tested"]]
    check(dict(enumerate(names)), dict.fromkeys(range(len(names)), str))  # type: ignore[arg-type]
    for score in body["scores"]:
        check(score, COLUMN, needed=("title", "score"))


def _check_bits(name: str, text: str, n: int) -> None:
    if not 0 <= n <= MOST_IMAGES:
        raise ValueError(f"'correct_n' is {n}, expected a number of images")
    held = len(base64.b64decode(text, validate=True))
    if text and held != (n + 7) // 8:
        raise ValueError(f"{name!r} has {held} bytes, {n} images take {(n + 7) // 8}")


def _check_way(told: Any, allowed: tuple[str | None, ...]) -> None:
    if told not in allowed:
        raise ValueError(f"{told!r} is no way, expected {' or '.join(map(str, allowed))}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
