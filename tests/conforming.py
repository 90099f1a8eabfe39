"""Checking plugins that a test defines itself."""

from __future__ import annotations

from astrobench.conformance import check
from astrobench.registry import Plugin, Registry


def reported(kind, target, params=None):
    """Return {rule: (status, sentence)} of one plugin."""
    plugin = Plugin(kind, "mine", target, "dist", "1.0", "main")
    found = check(Registry.of_plugins([plugin]), kind, "mine", params)
    return {one.name: (one.status, one.told) for one in found.checks}


def caught(kind, target, rule, told):
    """Assert that a rule fails, and says so in these words."""
    status, sentence = reported(kind, target)[rule]
    assert (status, told in sentence) == ("failed", True), sentence


def statuses(kind, target):
    """Return which statuses a plugin's rules have."""
    return {status for status, _ in reported(kind, target).values()}
