"""Every method of the house keeps the contract that `astrobench check` holds everybody to, in real trainings."""

from __future__ import annotations

import importlib.util

import astrobench_alignment
import pytest
from astrobench.conformance import check
from astrobench.registry import Registry
from astrobench_alignment.skada import NAMES

METHODS = sorted(set(astrobench_alignment.astrobench_methods()) - {"skada", "sum:"} | {"sum:coral+fisher+entropy"})
CLASSES_ONLY = {
    "cdan", "fisher", "entropy", "sidda", "jdot", "mcc", "can", "dance", "adversarial_training",
    "mmd+fisher+entropy", "mmd_deepadversaries+fisher+entropy", "dann+fisher+entropy", "sum:coral+fisher+entropy",
}  # fmt: skip
STATISTICS_ALONE = {"adabn"}
INSTALLED = Registry.load()


def told(name: str, **params: object) -> dict[str, tuple[str, str]]:
    """Return {rule: (status, sentence)} of a method; it fails for none."""
    small = {"hidden": 32} if name in ("dann", "cdan", "dann+fisher+entropy") else {}
    report = check(INSTALLED, "methods", name, {**small, **params})
    assert [(one.name, one.told) for one in report.failures] == []
    return {one.name: (one.status, one.told) for one in report.checks}


@pytest.mark.parametrize("name", METHODS)
def test_it_keeps_the_contract(name: str) -> None:
    found = told(name)
    regresses = found["a regression is sound or refused"]
    assert regresses[0] == ("skipped" if name in CLASSES_ONLY else "passed")
    assert name not in CLASSES_ONLY or "needs class labels" in regresses[1]
    taught = "batch-norm statistics alone" if name in STATISTICS_ALONE else "weights"
    assert name == "source_only" or found["a training with it changes the encoder"] == ("passed", taught)
    passed = {"passed", "skipped"} if name in ("source_only", "target_only") else {"passed"}
    assert found["a training at weight zero is source only"][0] in passed
    assert found["target labels change no bit"][0] == ("skipped" if name == "target_only" else "passed")
    assert found["two trainings are one"][0] == "passed"


@pytest.mark.skipif(importlib.util.find_spec("skada") is None, reason="skada is not installed")
@pytest.mark.parametrize("loss", NAMES)
def test_every_loss_of_skada_keeps_it_too(loss: str) -> None:
    assert told("skada", loss=loss)["a training with it changes the encoder"] == ("passed", "weights")


@pytest.mark.parametrize("name", ["fisher", "mmd+fisher+entropy", "dann+fisher+entropy"])
@pytest.mark.parametrize("trace", ["ratio", "difference"])
def test_trace_ratio_and_difference_keep_it_with_class_means(name: str, trace: str) -> None:
    assert told(name, trace=trace, centres="means")["a training with it changes the encoder"] == ("passed", "weights")


@pytest.mark.skipif(importlib.util.find_spec("skada") is not None, reason="skada is installed")
def test_the_check_tells_what_to_install() -> None:
    (first, *_) = check(INSTALLED, "methods", "skada").failures
    assert "pip install 'astrobench[skada]'" in first.told
