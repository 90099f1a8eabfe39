"""Laws that every method here obeys, whatever it computes."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import TYPE_CHECKING

import astrobench_alignment
import pytest
from astrobench import Method

if TYPE_CHECKING:
    from collections.abc import Callable

REFERENCES = astrobench_alignment.astrobench_methods()
BASELINES = {"source_only", "target_only"}


def method(name: str) -> Callable[..., Method]:
    module, function = REFERENCES[name].split(":")
    found: Callable[..., Method] = getattr(importlib.import_module(module), function)
    return found


def test_naming_them_imports_no_torch() -> None:
    program = "import sys, astrobench_alignment as a; a.astrobench_methods(); print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


@pytest.mark.parametrize("name", REFERENCES)
def test_every_reference_builds_a_documented_method(name: str) -> None:
    assert isinstance(method(name)(4, 3), Method)
    assert method(name).__doc__


@pytest.mark.parametrize("name", sorted(set(REFERENCES) - BASELINES))
def test_at_weight_0_no_target_is_shown(name: str) -> None:
    assert method(name)(4, 3).uses_target
    assert not method(name)(4, 3, weight=0.0).uses_target


def test_source_only_shows_the_target_to_batch_norm_alone_if_asked() -> None:
    assert not method("source_only")(4, 3).uses_target
    assert method("source_only")(4, 3, mixed_batchnorm=True).uses_target


def test_only_target_only_is_an_oracle() -> None:
    assert {name for name in REFERENCES if method(name)(4, 3).oracle} == {"target_only"}
