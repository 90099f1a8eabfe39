"""Finding plugins: entry points → names. What breaks is quarantined with one sentence, and nothing else suffers."""

from __future__ import annotations

import contextlib
import importlib.metadata
import inspect
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pluggy

from astrobench import hookspecs
from astrobench.errors import did_you_mean
from astrobench.registry.plugin import KINDS, Plugin, one
from astrobench.sources import TARGET

NAME = re.compile(r"[a-z0-9][a-z0-9._+-]{0,63}:?")
BROKEN = (Exception, SystemExit)
"""What a plugin may throw at import: a script's sys.exit must not end the command; Ctrl-C must."""


@dataclass(frozen=True)
class Fault:
    """Something of a distribution that is quarantined. sentence: names the distribution and says why."""

    distribution: str
    entry_point: str
    sentence: str


@dataclass(frozen=True)
class Origin:
    """Where a plugin was found."""

    distribution: str
    version: str
    entry_point: str

    def fault(self, told: str) -> Fault:
        """Return a fault of this origin: one sentence in one line."""
        place = f"{self.distribution} {self.version}" + (
            f", entry point {self.entry_point!r}" if self.entry_point else ""
        )
        sentence = " ".join(f"{place.strip()}: {told}".split())
        return Fault(self.distribution, self.entry_point, sentence)


def discover(only: frozenset[str] | None = None) -> tuple[tuple[Plugin, ...], tuple[Fault, ...]]:
    """Return the plugins and faults of every installed distribution of our entry-point group, or of those in `only`."""
    asked = [distribution for distribution in _distributions() if only is None or _name(distribution) in only]
    found = [item for distribution in asked for item in _of_distribution(distribution)]
    plugins = tuple(item for item in found if isinstance(item, Plugin))
    return plugins, tuple(item for item in found if isinstance(item, Fault))


def of_module(module: object, origin: Origin) -> Iterator[Plugin | Fault]:
    """Yield the plugins and faults of one loaded entry point."""
    yield from _undecorated(module, origin)
    manager = pluggy.PluginManager(hookspecs.GROUP)  # one each: what breaks half-way leaves nothing behind
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module, name=origin.entry_point)
        callers = manager.get_hookcallers(module) or []
    except BROKEN as error:
        yield origin.fault(f"cannot be registered: {_told(error)}")
        return
    if not callers:
        yield origin.fault("has no hook of astrobench")
    for caller in callers:
        yield from _of_hook(caller, origin)


def _distributions() -> list[importlib.metadata.Distribution]:
    """Return the distributions that speak to us, by name, the first of each name on the path.

    Asked one by one: `importlib.metadata.entry_points` fails as a whole over one malformed file.
    """
    found: dict[str, importlib.metadata.Distribution] = {}
    for distribution in importlib.metadata.distributions():
        with contextlib.suppress(OSError, ValueError):
            if f"[{hookspecs.GROUP}]" in (distribution.read_text("entry_points.txt") or ""):
                found.setdefault(re.sub(r"[-_.]+", "-", _name(distribution)).lower(), distribution)
    return [found[name] for name in sorted(found)]


def _name(distribution: importlib.metadata.Distribution) -> str:
    try:
        return str(distribution.metadata["Name"] or "unknown")
    except KeyError:
        return "unknown"


def _of_distribution(distribution: importlib.metadata.Distribution) -> Iterator[Plugin | Fault]:
    name = _name(distribution)
    try:
        version = str(distribution.version)
        entries = [entry for entry in distribution.entry_points if entry.group == hookspecs.GROUP]
    except BROKEN as error:
        yield Origin(name, "", "").fault(f"its metadata cannot be read: {_told(error)}")
        return
    for entry in sorted(entries, key=lambda entry: entry.name):
        yield from _of_entry_point(entry, Origin(name, version, entry.name))


def _of_entry_point(entry: importlib.metadata.EntryPoint, origin: Origin) -> Iterator[Plugin | Fault]:
    try:
        module = entry.load()
    except BROKEN as error:
        yield origin.fault(f"cannot be imported: {_told(error)}")
        return
    yield from of_module(module, origin)


def _undecorated(module: object, origin: Origin) -> Iterator[Fault]:
    """Yield a fault for each function that is named as a hook but not marked as one."""
    prefix, mark = f"{hookspecs.GROUP}_", f"{hookspecs.GROUP}_impl"
    for name, value in vars(module).items() if hasattr(module, "__dict__") else ():
        if name.startswith(prefix) and inspect.isfunction(value) and not hasattr(value, mark):
            yield origin.fault(f"function {name!r} is not marked as a hook: write @astrobench.hookimpl above it")


def _of_hook(caller: pluggy.HookCaller, origin: Origin) -> Iterator[Plugin | Fault]:
    kind = caller.name.removeprefix(f"{hookspecs.GROUP}_")
    if kind not in KINDS:
        if not all(implementation.optionalhook for implementation in caller.get_hookimpls()):
            known = [f"{hookspecs.GROUP}_{kind}" for kind in KINDS]
            yield origin.fault(f"unknown hook {caller.name!r}{did_you_mean(caller.name, known)}")
        return
    try:
        answers = caller()
        named = dict(answers[0]) if answers and isinstance(answers[0], Mapping) else None
    except BROKEN as error:
        yield origin.fault(f"hook {caller.name!r} raises {_told(error)}")
        return
    if named is None:
        told = type(answers[0]).__name__ if answers else "None"
        yield origin.fault(f"hook {caller.name!r} returns {told}, expected a mapping from name to callable")
        return
    yield from (_named(kind, name, target, origin) for name, target in named.items())


def _named(kind: str, name: Any, target: Any, origin: Origin) -> Plugin | Fault:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return origin.fault(f"{one(kind)} name {name!r} is not allowed: expected {NAME.pattern}")
    if kind == "suites":
        if not isinstance(target, str | os.PathLike):
            return origin.fault(f"suite {name!r} is {type(target).__name__}, expected the path of a TOML file")
        return _plugin(kind, name, Path(target), origin)
    if (isinstance(target, str) and TARGET.fullmatch(target)) or callable(target):
        return _plugin(kind, name, target, origin)
    told = repr(target) if isinstance(target, str) else type(target).__name__
    return origin.fault(f"{one(kind)} {name!r} is {told}, expected 'package.module:function' or a callable")


def _plugin(kind: str, name: str, target: str | Path | Callable[..., Any], origin: Origin) -> Plugin:
    return Plugin(kind, name, target, origin.distribution, origin.version, origin.entry_point)


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
