"""`each`: one entry of an axis that stands for several, which differ in one parameter."""

from __future__ import annotations

from typing import Any

from astrobench.errors import SuiteError


def spread(uses: Any) -> Any:
    """Return the uses of an axis with every `each = { parameter = [values] }` written out, one use a value.

    The values' uses are labelled "label(parameter=value)" and, unless the entry names one, share the curve "label".
    What is no list is left for the suite to refuse. Raises SuiteError for an `each` that is not one list of values.
    """
    if not isinstance(uses, list | tuple):
        return uses
    return tuple(one for use in uses for one in _written_out(use))


def _written_out(use: Any) -> list[Any]:
    if not isinstance(use, dict) or "each" not in use:
        return [use]
    each, label = use["each"], use.get("label") or use.get("plugin")
    several = list(each.items()) if isinstance(each, dict) else []
    if len(several) != 1 or not isinstance(several[0][1], list) or not several[0][1]:
        raise SuiteError(f"each = {each!r} of {label!r}: want one parameter and its values, {{ years = [1.0, 2.0] }}")
    name, values = several[0]
    rest = {"curve": label, **{key: value for key, value in use.items() if key != "each"}}
    params = use.get("params") or {}
    return [{**rest, "label": f"{label}({name}={value})", "params": {**params, name: value}} for value in values]
