"""What a command line lays over a suite: `--set`, and the options that choose what is swept."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any

from astrobench.errors import SuiteError

if TYPE_CHECKING:
    from astrobench.cli.running import Wishes
    from astrobench.registry import Registry


def tables_of(words: list[str]) -> dict[str, Any]:
    """Return `--set a.b=value` as nested tables; the value is TOML, or text where it is none.

    Raises SuiteError for a word without "=", and where one word sets a key and another one a key below it.
    """
    tables: dict[str, Any] = {}
    for word in words:
        path, equals, text = word.partition("=")
        if not equals or not path:
            raise SuiteError(f"--set {word!r} is not key=value, e.g. --set training.epochs=5")
        place = tables
        *heads, last = path.split(".")
        for depth, head in enumerate(heads, 1):
            place = place.setdefault(head, {})
            if not isinstance(place, dict):
                raise SuiteError(f"--set {word!r} contradicts --set {'.'.join(heads[:depth])}={place!r}: keep one")
        if isinstance(place.get(last), dict):
            raise SuiteError(f"--set {word!r} contradicts --set {path}.{next(iter(place[last]), '')}: keep one")
        place[last] = _toml_value(text)
    return tables


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # no TOML, or a number of 5000 digits, or 1000 brackets
        return text


def chosen(suite: dict[str, Any], wishes: Wishes, registry: Registry) -> dict[str, Any]:
    """Return the axes and limit that the command line asks for, as a table to lay over the suite."""
    from astrobench.leaderboard.defaults import unperturbed_label

    axes = suite["axes"]
    found: dict[str, Any] = {}
    for axis, kind, asked in (
        ("method", "methods", wishes.method),
        ("architecture", "architectures", wishes.architecture),
        ("perturbation", "perturbations", wishes.perturbation),
    ):
        if asked is not None:
            always = {"method": suite["reference"], "perturbation": unperturbed_label(suite)}.get(axis)
            found[axis] = _picked(axes[axis], _words(asked), always, registry, kind)
    if wishes.seeds is not None:
        found["seed"] = [_seed(word) for word in _words(wishes.seeds)]
    return {**({"axes": found} if found else {}), **({"limit": wishes.limit} if wishes.limit else {})}


def _picked(
    uses: list[dict[str, Any]], words: list[str], always: str | None, registry: Registry, kind: str
) -> list[Any]:
    """Return the entries of an axis that were asked for; a plugin that the suite does not name is added plainly."""
    if always is not None and always not in words:
        words = [always, *words]
    picked: list[Any] = []
    for word in words:
        found = [use for use in uses if word in (use["label"], use["plugin"])]
        if not found:
            registry.get(kind, word)
            found = [{"plugin": word}]
        picked += found
    return picked


def over(asked: dict[str, Any], picked: dict[str, Any]) -> dict[str, Any]:
    """Return the tables of `--set` with those of the other options laid over them."""
    axes = {**asked.get("axes", {}), **picked.get("axes", {})}
    return {**asked, **picked, **({"axes": axes} if axes else {})}


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _seed(word: str) -> int:
    if not re.fullmatch("[0-9]{1,18}", word):
        raise SuiteError(f"--seeds has {word!r}; expected whole numbers from 0, comma-separated, e.g. 0,1")
    return int(word)
