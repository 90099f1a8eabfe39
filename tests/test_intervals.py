"""Intervals in annotations: numbers that a parameter allows, refused before anything runs."""

from __future__ import annotations

import math
import re
from typing import Annotated

import pytest
from astrobench.errors import PluginError, SuiteError
from astrobench.intervals import interval, plainly
from astrobench.parameters import AnnotationError, MismatchError, checked, typed
from astrobench.registry import Plugin, Registry

HALF_OPEN = "Annotated[float, '[0, 1)']"


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("[0, 1]", [0, 0.5, 1], [-1e-9, 1.1]),
        ("(0, 1)", [1e-9], [0, 1]),
        ("[1, inf)", [1, 1e300], [0.99]),
        ("(-inf, -2.5]", [-2.5, -1e300], [-2.4]),
        ("[1e-3, 1e3]", [0.001, 1000], [0.0009]),
    ],
)
def test_brackets_say_whether_an_end_belongs(text, inside, outside):
    assert [interval(text).holds(value) for value in [*inside, *outside]] == [True] * len(inside) + [False] * len(
        outside
    )


@pytest.mark.parametrize("text", ["[0,1]", "0 to 1", "[1, 0]", "[1, 1]", "", "[0, 1", "[a, b]", "[0, nan]"])
def test_another_text_is_no_interval(text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        interval(text)
    with pytest.raises(AnnotationError):
        checked(0.5, f"Annotated[float, {text!r}]")


def test_an_interval_bounds_its_own_type_only():
    assert checked(0, HALF_OPEN) == 0.0
    assert isinstance(checked(0, HALF_OPEN), float)
    for wrong in (1.0, -0.1, True, "0.5", None, math.nan):
        with pytest.raises(MismatchError):
            checked(wrong, HALF_OPEN)
    with pytest.raises(MismatchError):
        checked(2.5, "Annotated[int, '[1, 3]']")
    for wrong in ("Annotated[str, '[0, 1]']", "Annotated[int]", "Annotated[int, 5]", "Annotated[int, '[0, 1]', 'x']"):
        with pytest.raises(AnnotationError):
            checked(1, wrong)


def test_an_interval_stands_in_unions_and_tuples():
    either = "Literal[0] | Annotated[int, '[100, 1000]'] | None"
    assert [checked(value, either) for value in (0, 100, None)] == [0, 100, None]
    with pytest.raises(MismatchError):
        checked(50, either)
    several = f"tuple[{HALF_OPEN}, ...]"
    assert typed(checked((0, 0.5), several), several) == (0.0, 0.5)
    with pytest.raises(MismatchError):
        checked((0.5, 1.5), several)


def metric(clean, perturbed, *, bins: Annotated[int, "[1, 10]"] = 5):
    """Count."""


def test_a_value_outside_is_refused_in_one_plain_line():
    plugin = Plugin("metrics", "count", metric, "mine", "1.0", "mine")
    assert plugin.complete({"bins": 10}) == {"bins": 10}
    with pytest.raises(SuiteError, match=r"^metric 'count': bins = 11: expected int in \[1, 10\]$"):
        plugin.complete({"bins": 11})


def test_a_default_outside_is_the_plugins_fault():
    def wrong(clean, perturbed, *, bins: Annotated[int, "[1, 10]"] = 0):
        """Count."""

    with pytest.raises(PluginError, match=r"the default bins = 0: expected int in \[1, 10\]"):
        Plugin("metrics", "count", wrong, "mine", "1.0", "mine").complete({})


def test_it_is_shown_as_one_says_it():
    assert plainly("Literal[0] | Annotated[int, '[1, 10]']") == "Literal[0] | int in [1, 10]"
    assert plainly("float | None") == "float | None"


@pytest.mark.parametrize(
    ("name", "params", "told"),
    [
        ("classification", {"bins": 0}, r"bins = 0: expected int in \[1, 10000\]"),
        ("classification", {"bootstrap": 50}, r"bootstrap = 50: expected Literal\[0\] \| int in \[100, 100000\]"),
        ("distance_js", {"bins": 20000}, r"bins = 20000: expected int in \[1, 10000\]"),
        ("cka_layers", {"bootstrap": -1}, "bootstrap = -1: expected"),
        ("cka", {"pairing": "exakt"}, "did you mean 'exact'"),
    ],
)
def test_first_party_metrics_are_refused_at_plan_time(name, params, told):
    with pytest.raises(SuiteError, match=told):
        Registry.load().get("metrics", name).complete(params)
