"""What every plugin declares, whatever its kind."""

from __future__ import annotations

import pytest
from astrobench import Method, SuiteError
from conforming import caught, reported


def no_words(features, outputs):
    return Method()


def too_many(features, outputs, classes=3):
    """Take three."""
    return Method()


def untyped(features, outputs, *, weight=1.0):
    """Take anything."""
    return Method()


def badly_typed(features, outputs, *, weights: dict[str, float] = {}):  # noqa: B006
    """Take a table."""
    return Method()


def badly_defaulted(features, outputs, *, weight: float = None):  # noqa: RUF013
    """Take None for a number."""
    return Method()


@pytest.mark.parametrize(
    ("target", "rule", "told"),
    [
        (no_words, "it says what it is", "no docstring"),
        (too_many, "the engine can call it", "takes features, outputs, classes; the engine gives 2"),
        (untyped, "its parameters are typed", "parameter 'weight' has no annotation"),
        (badly_typed, "its parameters are typed", "'weights' is annotated dict[str, float]; allowed are int"),
        (badly_defaulted, "its parameters are typed", "the default of 'weight' is None, expected float"),
        ("no_such_module:f", "its source can be read", "has no source file"),
    ],
)
def test_a_declaration_is_checked(target, rule, told):
    caught("methods", target, rule, told)


def test_a_required_parameter_gets_a_sample_where_its_type_has_one():
    def mine(features, outputs, *, weight: float, sizes: tuple[int, ...], mode: str = "a"):
        """Need two numbers."""
        assert (weight, sizes) == (1.0, (1,))
        return Method()

    assert reported("methods", mine)["it is a method"][0] == "passed"


def test_a_required_text_must_be_given():
    def mine(features, outputs, *, mode: str):
        """Need a word."""
        return Method()

    with pytest.raises(SuiteError, match="needs parameter 'mode'"):
        reported("methods", mine)
    assert reported("methods", mine, {"mode": "a"})["it is a method"][0] == "passed"
