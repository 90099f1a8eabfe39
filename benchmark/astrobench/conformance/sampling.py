"""Sample values for parameters that have no default, so that a plugin can be tried without being told them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from astrobench.parameters import MismatchError, checked, choices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from astrobench.signatures import Parameter

PLAIN = (1.0, 1, True, [1.0], [1])
"""Tried in order; the first that the annotation allows is taken."""


def sampled(parameters: Iterable[Parameter]) -> dict[str, Any]:
    """Return a value for each required parameter whose type has an obvious one; paths and texts have none."""
    found = {p.name: _sample(p.annotation) for p in parameters if p.required and p.annotation}
    return {name: values[0] for name, values in found.items() if values}


def _sample(annotation: str) -> list[Any]:
    return [value for value in (*choices(annotation), *PLAIN) if _allowed(value, annotation)]


def _allowed(value: Any, annotation: str) -> bool:
    try:
        checked(value, annotation)
    except MismatchError:
        return False
    return True
