"""Parameters: strict, in JSON types, and typed again for the plugin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pydantic
import pytest
from astrobench.parameters import AnnotationError, MismatchError, checked, choices, typed
from hypothesis import given, settings
from hypothesis import strategies as st

ANNOTATIONS = (
    "int",
    "float",
    "str",
    "bool",
    "None",
    "int | None",
    "bool | float",
    "Literal['a', 'b']",
    "Literal['a', 3, None]",
    "tuple[int, ...]",
    "tuple[float, str]",
    "list[int | None]",
    "tuple[tuple[int, int], ...] | None",
)

scalars = (
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from([0.5, -2.0]) | st.sampled_from(["a", "b", ""])
)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=5)


EXAMPLES = settings(max_examples=40, deadline=None)


def fits(value: object, annotation: str) -> bool:
    try:
        checked(value, annotation)
    except MismatchError:
        return False
    return True


@pytest.mark.parametrize("annotation", ANNOTATIONS)
@EXAMPLES
@given(value=values)
def test_allows_what_pydantic_allows_in_strict_json(annotation, value):
    adapter = pydantic.TypeAdapter(eval(annotation, {"Literal": Literal}))
    try:
        adapter.validate_json(json.dumps(value), strict=True)
        expected = True
    except pydantic.ValidationError:
        expected = False
    assert fits(value, annotation) == expected


@pytest.mark.parametrize("annotation", ANNOTATIONS)
@EXAMPLES
@given(value=values)
def test_a_checked_value_is_json_and_checks_to_itself(annotation, value):
    if fits(value, annotation):
        once = checked(value, annotation)
        assert json.loads(json.dumps(once)) == once == checked(once, annotation)


@pytest.mark.parametrize(
    ("value", "annotation"), [(True, "int"), (1, "bool"), (True, "float"), (1.0, "int"), (1, "str")]
)
def test_no_type_passes_for_another(value, annotation):
    assert not fits(value, annotation)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_float_is_finite_because_keys_are_json(value):
    assert not fits(value, "float")


def test_an_int_becomes_a_float_so_that_one_number_has_one_key():
    assert json.dumps(checked(3, "float")) == "3.0"
    assert json.dumps(checked((1, 2.5), "tuple[float, ...]")) == "[1.0, 2.5]"


def test_a_path_travels_as_text_and_arrives_as_a_path():
    assert checked(Path("a/b"), "Path | None") == "a/b"
    assert typed("~/b", "pathlib.Path") == Path.home() / "b"
    assert typed(None, "Path | None") is None


def test_a_tuple_travels_as_a_list_and_arrives_as_a_tuple():
    assert checked(((1, 2),), "tuple[tuple[int, ...], ...]") == [[1, 2]]
    assert typed([[1, 2]], "tuple[tuple[int, ...], ...]") == ((1, 2),)
    assert typed([1], "list[int]") == [1]
    assert typed(["a"], "tuple[Path, ...] | None") == (Path("a"),)


def test_an_annotation_in_quotes_reads_as_one_without():
    assert checked(2, "'int | None'") == 2


@pytest.mark.parametrize(
    "annotation", ["np.ndarray", "dict[str, int]", "tuple", "list", "tuple[object, ...]", "int +", "Literal[X]"]
)
def test_an_annotation_that_a_suite_cannot_fill_is_refused(annotation):
    with pytest.raises(AnnotationError):
        checked([], annotation)


def test_choices_are_the_literals_of_a_union():
    assert choices("Literal['on', 'off'] | Literal[3] | None") == ["on", "off", "3"]
    assert choices("int") == []
