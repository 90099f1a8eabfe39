"""One plugin: where it comes from, what it takes, and the callable behind it."""

from __future__ import annotations

import functools
import importlib
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from astrobench.contents import content_digest
from astrobench.digests import source_digest
from astrobench.errors import PluginError, SuiteError, did_you_mean
from astrobench.intervals import plainly
from astrobench.parameters import ALLOWED, AnnotationError, MismatchError, checked, choices, typed
from astrobench.signatures import Parameter, Signature, read_signature
from astrobench.sources import split_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KINDS = ("datasets", "architectures", "methods", "perturbations", "metrics", "executors", "suites")

POSITIONAL = {
    "datasets": (0,),
    "architectures": (2,),
    "methods": (2,),
    "perturbations": (3,),
    "metrics": (2, 4),
    "executors": (0,),
}
"""How many positional arguments the engine gives to each kind; a member of a family is given one more."""


@dataclass(frozen=True)
class Plugin:
    """A named plugin. target: text "module:function", a callable, or for a suite the path of its file.

    argument: of a family's member, what follows the colon.
    """

    kind: str
    name: str
    target: str | Callable[..., Any] | Path
    distribution: str
    version: str
    entry_point: str
    argument: str | None = None

    @property
    def origin(self) -> str:
        """Distribution and version."""
        return f"{self.distribution} {self.version}"

    @property
    def family(self) -> bool:
        """Whether it stands for many: its name ends in a colon."""
        return self.name.endswith(":")

    @cached_property
    def signature(self) -> Signature:
        """What it takes. Raises PluginError, naming the distribution, where the source cannot be read."""
        if isinstance(self.target, Path):
            return Signature(doc=_title(self.target))
        try:
            return read_signature(self.target)
        except PluginError as error:
            raise PluginError(f"{self._who}: {error}") from None

    @property
    def summary(self) -> str:
        """The first sentence of its docstring."""
        return self.signature.summary

    @property
    def doc(self) -> str:
        """Its whole docstring: licence, caveats, source."""
        return self.signature.doc

    @cached_property
    def digest(self) -> str:
        """Digest of its source. Raises PluginError, naming the distribution, where there is none."""
        if isinstance(self.target, Path):
            return content_digest(self.target)
        try:
            return source_digest(self.target)
        except PluginError as error:
            raise PluginError(f"{self._who}: {error}") from None

    def complete(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return all parameters as JSON types, the given ones checked and the others at their defaults.

        Raises SuiteError for an unknown, mistyped or missing one; PluginError for a plugin that breaks the contract.
        """
        self._check_positional()
        known = {parameter.name: parameter for parameter in self.signature.parameters}
        for name in params:
            if name not in known:
                raise SuiteError(f"{self._short} has no parameter {name!r}{did_you_mean(name, known)}")
        return {name: self._value(parameter, params) for name, parameter in known.items()}

    def resolve(self) -> Callable[..., Any]:
        """Import it and return what the engine calls: f(positional…, **completed parameters).

        A family's member is bound to its argument, and JSON lists and texts arrive as the tuples and Paths of the
        annotations. Raises PluginError, naming the distribution, where the import fails.
        """
        function = self._imported()
        kinds = {parameter.name: parameter.annotation for parameter in self.signature.parameters}
        extra = (self.argument,) if self._member else ()

        @functools.wraps(function, updated=())
        def call(*given: Any, **params: Any) -> Any:
            return function(*given, *extra, **{name: _typed(value, kinds.get(name)) for name, value in params.items()})

        return call

    @property
    def _member(self) -> bool:
        """Whether the engine gives it one positional argument more."""
        return self.family or self.argument is not None

    @property
    def _short(self) -> str:
        return f"{one(self.kind)} {self.name!r}"

    @property
    def _who(self) -> str:
        return f"{self._short} of {self.origin}"

    def _imported(self) -> Callable[..., Any]:
        if callable(self.target):
            return self.target
        module, name = split_target(str(self.target))
        try:
            found = getattr(importlib.import_module(module), name)
        except (Exception, SystemExit) as error:
            raise PluginError(f"{self._who} cannot be imported: {type(error).__name__}: {error}") from error
        if not callable(found):
            raise PluginError(f"{self._who} is {type(found).__name__}, expected a callable")
        return found  # type: ignore[no-any-return]

    def _check_positional(self) -> None:
        counts = [count + self._member for count in POSITIONAL.get(self.kind, ())]
        if counts and not any(self.signature.takes(count) for count in counts):
            told = ", ".join(self.signature.positional) or "none"
            wanted = " or ".join(map(str, counts))
            raise PluginError(f"{self._who} takes positional arguments {told}; the engine gives {wanted}")

    def _value(self, parameter: Parameter, params: Mapping[str, Any]) -> Any:
        name, annotation = parameter.name, parameter.annotation
        if name not in params and parameter.required:
            raise SuiteError(f"{self._short} needs parameter {name!r} ({plainly(annotation) or 'any value'})")
        value = params.get(name, parameter.default)
        try:
            return checked(value, annotation) if annotation else value
        except AnnotationError as error:
            raise PluginError(f"{self._who}: {name!r} is annotated {error}; allowed are {ALLOWED}") from None
        except MismatchError:
            told = f"{name} = {value!r}: expected {plainly(annotation)}"
            if name not in params:
                raise PluginError(f"{self._who}: the default {told}") from None
            near = choices(annotation) if isinstance(value, str) else []
            raise SuiteError(f"{self._short}: {told}{did_you_mean(str(value), near) if near else ''}") from None


def one(kind: str) -> str:
    """Return the singular of a kind: "method" of "methods"."""
    return kind.removesuffix("s")


def _title(suite: Path) -> str:
    """Return title and description of a suite's file, or why they cannot be read."""
    try:
        body = tomllib.loads(suite.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        return f"cannot be read: {error}"
    return "\n\n".join(str(body[key]).strip() for key in ("title", "description") if key in body)


def _typed(value: Any, annotation: str | None) -> Any:
    return typed(value, annotation) if annotation else value
