"""What a suite chooses on each axis: plugins with their parameters completed, and filters on the cross product."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astrobench.contents import contents
from astrobench.errors import SuiteError, cannot_name, did_you_mean
from astrobench.rules import VALIDATORS
from astrobench.severities import Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from astrobench.registry import Plugin, Registry
    from astrobench.suite import Suite, Use


@dataclass(frozen=True)
class Choice:
    """One plugin as a suite uses it: label, completed parameters, origin, and the digest of its source.

    content: what enters a key; as params, but with files replaced by the digest of their content.
    """

    kind: str
    plugin: str
    label: str
    params: Mapping[str, Any]
    content: Mapping[str, Any]
    origin: str
    digest: str

    @property
    def files(self) -> dict[str, Any]:
        """The parameters that are paths, or lists of them: those whose content stands for them in a key."""
        return {name: value for name, value in self.params.items() if self.content[name] != value}

    @property
    def identity(self) -> dict[str, Any]:
        """What a number depends on: not the label, not where a file lies."""
        return {
            "plugin": self.plugin,
            "params": dict(self.content),
            "origin": self.origin.split()[0],
            "digest": self.digest,
        }


def choices(registry: Registry, kind: str, uses: tuple[Use, ...], folder: Path | None = None) -> tuple[Choice, ...]:
    """Return the choices of one axis, in order. folder: where relative paths lead from, if not the current folder.

    Raises PluginError or SuiteError for what cannot be chosen.
    """
    chosen = tuple(_choice(registry.get(kind, use.plugin), use, folder) for use in uses)
    labels = [choice.label for choice in chosen]
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise SuiteError(f"two {kind} of the suite share the label {twice[0]!r}; give one of them a label of its own")
    return chosen


def _choice(plugin: Plugin, use: Use, folder: Path | None) -> Choice:
    params = plugin.complete(use.params)
    paths = {p.name for p in plugin.signature.parameters if "Path" in p.annotation and params[p.name] is not None}
    params |= {name: _paths(params[name], folder, name, use.label) for name in paths & use.params.keys()}
    content = {name: contents(value) if name in paths else value for name, value in params.items()}
    origin = f"{plugin.distribution} {plugin.version}"
    return Choice(plugin.kind, use.plugin, use.label, params, content, origin, plugin.digest)


def _paths(value: Any, folder: Path | None, name: str, label: str) -> Any:
    if isinstance(value, list | tuple):
        return [_path(one, folder, name, label) for one in value]
    return _path(value, folder, name, label)


def _path(value: str, folder: Path | None, name: str, label: str) -> str:
    """Return the path that a suite means. Raises SuiteError where nothing is there, naming where it was looked for."""
    here = Path.cwd()
    given, start = Path(value).expanduser(), folder or here
    path, told = start / given, f"{label!r}: {name} = {value!r}"
    try:
        there = bool(os.fsencode(path)) and path.exists()
    except UnicodeEncodeError as error:
        raise SuiteError(f"{told}: {cannot_name(error)}") from None
    if there:
        return value if folder is None else str(path)
    if given.is_absolute():
        raise SuiteError(f"{told} is not there: expected a file or a folder")
    whose = "the current folder" if folder is None else "the suite's folder"
    near = f"; {here / given} is there: give it whole" if folder is not None and (here / given).exists() else ""
    raise SuiteError(f"{told} is not there: looked for {path}, relative to {whose}{near}")


def points(registry: Registry, uses: Iterable[Use], perturbations: Iterable[Choice]) -> dict[str, Point]:
    """Return label → point of the perturbations that declare a severity, uses and choices side by side.

    A curve is named by its use, or else by its plugin. Raises SuiteError for two points of one curve that differ in
    more than their severity, or in nothing.
    """
    found: dict[str, Point] = {}
    first: dict[str, tuple[str, Any]] = {}
    for use, choice in zip(uses, perturbations, strict=True):
        told = registry.get(choice.kind, choice.plugin).signature.severity
        if told is None:
            continue
        point = Point(
            use.curve or choice.plugin, float(choice.params[told.parameter]), told.unit, told.harmless, told.harder
        )
        rest = (choice.plugin, {name: value for name, value in choice.params.items() if name != told.parameter})
        other, known = first.setdefault(point.curve, (choice.label, rest))
        if known != rest or point in found.values():
            raise SuiteError(
                f"perturbations {other!r} and {choice.label!r} cannot both be on the curve {point.curve!r}: "
                "points of a curve differ in their severity and in nothing else; give one of them a curve of its own"
            )
        found[choice.label] = point
    return found


def check_task(registry: Registry, dataset: Choice, method: Choice, rule: str) -> None:
    """Refuse what takes classes on a Regression: a method, by the name of its second parameter, or a validator."""
    if registry.get("datasets", dataset.plugin).signature.returns != "Regression":
        return
    if "classes" in registry.get("methods", method.plugin).signature.positional:
        raise SuiteError(
            f"method {method.label!r} needs class labels, and dataset {dataset.label!r} is a regression;"
            " leave it out, or exclude the two"
        )
    check_rule(rule, dataset.label)


def check_rule(rule: str, dataset: str) -> None:
    """Refuse a rule of selection that reads classes, for a dataset that is a regression."""
    if rule in VALIDATORS:
        told = f"training.selection = {rule!r} needs classes, and {dataset!r} is a regression"
        raise SuiteError(f"{told}: choose last or source_valid")


def check_reference(suite: Suite, methods: tuple[Choice, ...]) -> None:
    """Refuse a reference that is not swept: every gain is measured against it."""
    labels = [method.label for method in methods]
    if suite.reference not in labels:
        raise SuiteError(
            f"reference = {suite.reference!r} is not on the method axis{did_you_mean(suite.reference, labels)}"
        )
