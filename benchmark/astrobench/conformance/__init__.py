"""Whether a plugin keeps the contract: plain functions on tiny data, for `astrobench check` and for pytest.

from astrobench.conformance import check
from astrobench.registry import Registry

def test_my_method_keeps_the_contract():
    assert check(Registry.load(), "methods", "my_method").passed
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from astrobench.conformance import declaration
from astrobench.conformance.rules import Case, Check, Report, run
from astrobench.conformance.sampling import sampled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from astrobench.registry import Registry

__all__ = ["Check", "Report", "check"]


def check(registry: Registry, kind: str, name: str, params: Mapping[str, Any] | None = None) -> Report:
    """Hold one plugin to the contract of its kind, by running it on tiny data; a dataset is opened as it is.

    params: as in a suite; parameters without a default get a sample where their type allows one. Raises PluginError
    for a plugin that is unknown, SuiteError for parameters that it refuses.
    """
    plugin = registry.get(kind, name)
    found = run(declaration.RULES, plugin)
    if any(one.status == "failed" for one in found):
        return Report(kind, name, plugin.origin, found)
    completed = plugin.complete({**sampled(plugin.signature.parameters), **(params or {})})
    room = importlib.import_module(f"astrobench.conformance.{kind}")
    return Report(
        kind, name, plugin.origin, (*found, *run(room.RULES, room.Subject(Case(plugin, completed, registry))))
    )
