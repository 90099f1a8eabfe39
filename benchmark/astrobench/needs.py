"""What a perturbation needs of a dataset, read from source text, so that a run is refused before it trains."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from astrobench.errors import PluginError, did_you_mean
from astrobench.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

F = TypeVar("F", bound="Callable[..., object]")
Facts = dict[str, Any]
"""What a dataset is known to have of one domain, as JSON types; see `Needs`."""

FACTS = {
    "observation": "it does not say how its images were observed (years, sky and gain)",
    "scene": "it has no noiseless scene",
    "pixel_scale": "it does not say how many arcsec a pixel has",
    "classes": "it has no classes, being a regression",
}
"""What can be needed, and how it is said that a dataset lacks it."""

LIMITS = {
    "pixel_scale": "arcsec",
    "longest_exposure": "years",
    "side": "pixels",
}
"""Facts that are numbers, by which a parameter can be bounded, and their units. longest_exposure: that of the images,
where no noiseless scene allows any other. side: the shorter one of an image."""

END = rf"(-?\d+(?:\.\d+)?|inf|{'|'.join(LIMITS)})"
WITHIN = re.compile(rf"([\[(]){END}, {END}([\])])")


@dataclass(frozen=True)
class Needs:
    """What a perturbation needs.

    facts: names in FACTS. within: parameter → an interval such as "[pixel_scale, inf)", whose ends may be LIMITS.
    """

    facts: tuple[str, ...] = ()
    within: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = [name for name in self.facts if name not in FACTS]
        if unknown:
            raise PluginError(f"needs {unknown[0]!r}, which no dataset tells{did_you_mean(unknown[0], FACTS)}")
        for name, text in self.within.items():
            if not WITHIN.fullmatch(text):
                raise PluginError(f"needs {name} in {text!r}, expected an interval with ends of {', '.join(LIMITS)}")

    def unmet(self, params: Mapping[str, Any], known: Facts) -> str:
        """Return what a dataset lacks for these parameters, or "". A limit that is not known is none."""
        lacking = [FACTS[name] for name in self.facts if not known.get(name)]
        if lacking:
            return lacking[0]
        for name, text in self.within.items():
            low, high = _ends(text, known)
            closed = text[0] == "[", text[-1] == "]"
            if not Interval(low, high, *closed).holds(params[name]):
                ends = {limit: known[limit] for limit in LIMITS if limit in text and known.get(limit) is not None}
                told = ", ".join(f"{limit} = {value:g} {LIMITS[limit]}" for limit, value in ends.items())
                return f"{name} = {params[name]:g} is not in {text} with {told}"
        return ""


def needs(*facts: str, **within: str) -> Callable[[F], F]:
    """Declare what a perturbation needs of a dataset. Write literals: they are read without an import.

    Args:
        facts: "observation", "scene", "pixel_scale" (arcsec) or "classes".
        within: parameter = interval, such as fwhm = "[pixel_scale, inf)"; its ends are numbers, "pixel_scale",
            "longest_exposure" (years) or "side" (pixels).

    Raises:
        PluginError: another word.
    """
    declared = Needs(facts, within)

    def declare(function: F) -> F:
        function.needs = declared  # type: ignore[attr-defined]
        return function

    return declare


def needed_by(node: ast.FunctionDef | ast.ClassDef) -> Needs:
    """Return the needs that a definition is decorated with. Raises PluginError for words that are no literals."""
    for one in node.decorator_list:
        if isinstance(one, ast.Call) and ast.unparse(one.func).split(".")[-1] == needs.__name__:
            try:
                within = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in one.keywords}
                return Needs(tuple(map(ast.literal_eval, one.args)), within)
            except (ValueError, TypeError):
                raise PluginError(f"{node.name!r} is decorated with {ast.unparse(one)!r}, expected literals") from None
            except PluginError as error:
                raise PluginError(f"{node.name!r} {error}") from None
    return Needs()


def needed_on(target: Any) -> Needs:
    """Return the needs that a callable was decorated with."""
    declared = getattr(target, "needs", None)
    return declared if isinstance(declared, Needs) else Needs()


def _ends(text: str, known: Facts) -> tuple[float, float]:
    found = WITHIN.fullmatch(text)
    assert found is not None
    ends = []
    for word, unknown in ((found[2], -float("inf")), (found[3], float("inf"))):
        value = known.get(word, unknown) if word in LIMITS else float(word)
        ends.append(unknown if value is None else float(value))
    return ends[0], ends[1]
