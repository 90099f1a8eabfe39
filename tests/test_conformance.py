"""Conformance: plugins that are sound pass, and the report says what is wrong with others."""

from __future__ import annotations

import pytest
from astrobench import PluginError, SuiteError
from astrobench.conformance import check
from astrobench.registry import Registry
from conforming import caught, reported

INSTALLED = Registry.load()


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("methods", "source_only"),
        ("methods", "mmd"),
        ("methods", "mmd_deepadversaries"),
        ("methods", "dann"),
        ("architectures", "convnet"),
        ("perturbations", "none"),
        ("perturbations", "exposure"),
        ("metrics", "attack"),
        ("metrics", "cka"),
        ("metrics", "latent_distance_ratio"),
        ("suites", "deepadversaries"),
    ],
)
def test_first_party_plugins_conform(kind, name):
    report = check(INSTALLED, kind, name)
    assert [(one.name, one.told) for one in report.failures] == []
    assert report.passed


def test_an_unknown_plugin_and_a_wrong_parameter_are_refused():
    with pytest.raises(PluginError, match="unknown method"):
        check(INSTALLED, "methods", "nothing_like_it")
    with pytest.raises(SuiteError, match="weight = 'much'"):
        check(INSTALLED, "methods", "mmd", {"weight": "much"})


def test_when_the_first_rule_fails_the_others_are_not_tried():
    def mine(features, outputs):
        """Return nothing."""

    found = reported("methods", mine)
    assert found["it is a method"] == ("failed", "it returns NoneType, expected astrobench.Method")
    assert found["it adapts"] == ("skipped", "not tried: it is a method failed")


def test_a_plugin_that_raises_fails_with_its_own_words():
    def mine(features, outputs):
        """Raise."""
        raise ValueError("no\nluck")

    caught("methods", mine, "it is a method", "raises ValueError: no luck")
