"""Laws that every method here obeys, whatever it computes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import astrobench_alignment
import pytest
from astrobench import Method
from plugins.alignment.toy import method

REFERENCES = {name: place for name, place in astrobench_alignment.astrobench_methods().items() if name != "sum:"}
WITHOUT_TARGET = {"source_only", "target_only", "fisher", "adabn", "augment", "adversarial_training"}
INSTALLED = sorted(name for name in REFERENCES if name != "skada" or importlib.util.find_spec("skada"))


def test_naming_them_imports_no_torch() -> None:
    program = "import sys, astrobench_alignment as a; a.astrobench_methods(); print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


@pytest.mark.parametrize("name", INSTALLED)
def test_every_reference_builds_a_documented_method(name: str) -> None:
    assert isinstance(method(name)(4, 3), Method)
    assert method(name).__doc__


@pytest.mark.parametrize("name", sorted(set(INSTALLED) - WITHOUT_TARGET))
def test_at_weight_0_no_target_is_shown(name: str) -> None:
    assert method(name)(4, 3).uses_target
    assert not method(name)(4, 3, weight=0.0).uses_target


def test_source_only_shows_the_target_to_batch_norm_alone_if_asked() -> None:
    assert not method("source_only")(4, 3).uses_target
    assert method("source_only")(4, 3, mixed_batchnorm=True).uses_target


def test_only_target_only_is_an_oracle() -> None:
    assert {name for name in INSTALLED if method(name)(4, 3).oracle} == {"target_only"}


def test_methods_that_read_classes_say_so() -> None:
    needing = {name for name in INSTALLED if method(name)(4, 3).needs_classes}
    without = {"source_only", "target_only", "mmd", "mmd_deepadversaries", "coral", "cmd", "dann", "sinkhorn"}
    without |= {"cka_collapse", "cka_structure", "cka_paired"}
    assert needing == set(INSTALLED) - without - {"adabn", "augment"}


def test_the_fields_combinations_are_there_under_the_fields_names() -> None:
    assert {"mmd+fisher+entropy", "dann+fisher+entropy", "mmd_deepadversaries+fisher+entropy"} <= REFERENCES.keys()
