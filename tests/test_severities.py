"""Severity: declared in a plugin's source, held to its range by a plan, and kept by every record of a curve."""

from __future__ import annotations

import io
from typing import Annotated

import pytest
from astrobench import Streams, severity
from astrobench.catalogue import catalogue
from astrobench.errors import PluginError, SuiteError
from astrobench.plan import Plan, make_plan
from astrobench.registry import Registry
from astrobench.severities import Point, Severity
from astrobench.signatures import read_signature
from astrobench.suite import check_suite
from conforming import caught, reported
from distributions import write_modules
from rich.console import Console

SUITE = {
    "name": "toy", "version": 1, "title": "A toy",
    "axes": {"dataset": ["lsst_mock"], "domain": ["Y10"], "architecture": ["convnet"], "method": ["source_only"]},
}  # fmt: skip
BLUR = '''
import astrobench

@astrobench.severity("width", "arcsec", harmless=0.0)
def blur(batch, model, rng, *, width: Annotated[float, "[0, 10]"], kernel: int = 3):
    """Blur."""
'''


def plan(*perturbations: object) -> Plan:
    suite = {**SUITE, "axes": {**SUITE["axes"], "perturbation": ["none", *perturbations]}}
    return make_plan(check_suite(suite, "toy.toml"), Registry.load(), "", "cpu")


@severity("width", "arcsec", harmless=0.0)
def blur(batch, model, rng: Streams, *, width: Annotated[float, "[0, 10]"], kernel: int = 3):
    """Blur."""
    return


def test_a_severity_reads_alike_from_source_and_from_a_function(tmp_path, monkeypatch):
    write_modules(tmp_path, {"sev_read.": "raise RuntimeError('imported')\n" + BLUR})
    monkeypatch.syspath_prepend(tmp_path)
    told = Severity("width", "arcsec", 0.0, "higher")
    assert read_signature("sev_read:blur").severity == told
    assert read_signature(blur).severity == told


def test_a_severity_that_is_no_literal_is_a_fault(tmp_path, monkeypatch):
    write_modules(tmp_path, {"sev_word.": BLUR.replace("harmless=0.0", "harmless=NOTHING")})
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError, match=r"the severity of 'blur' is .*harmless=NOTHING.*, expected literals"):
        read_signature("sev_word:blur")


@pytest.mark.parametrize("years", [0.0, -1.0, 5000.0])
def test_a_severity_outside_its_range_is_refused_when_planned(years):
    with pytest.raises(SuiteError, match=rf"^perturbation 'exposure': years = {years}: expected float in \(0, 1000\]$"):
        plan({"plugin": "exposure", "params": {"years": years}})


def test_each_writes_out_one_use_a_value():
    found = plan({"plugin": "exposure", "each": {"years": [5.0, 2.0]}})
    labels = ["exposure(years=5.0)", "exposure(years=2.0)"]
    assert list(dict.fromkeys(cell.perturbation.label for cell in found.cells)) == ["none", *labels]
    assert found.points == {
        label: Point("exposure", years, "yr", None, "lower") for label, years in zip(labels, (5.0, 2.0), strict=True)
    }


def test_each_serves_any_axis_and_keeps_other_parameters():
    axes = {
        **SUITE["axes"],
        "method": ["source_only", {"plugin": "mmd", "label": "MMD", "each": {"weight": [0.1, 1.0]}}],
    }
    suite = check_suite({**SUITE, "axes": axes}, "toy.toml")
    assert [use.label for use in suite.axes.method] == ["source_only", "MMD(weight=0.1)", "MMD(weight=1.0)"]


@pytest.mark.parametrize("each", [{}, {"years": 1.0}, {"years": []}, {"years": [1.0], "more": [2.0]}, [1.0]])
def test_an_each_that_is_not_one_list_is_refused(each):
    with pytest.raises(SuiteError, match="of 'exposure': want one parameter and its values"):
        plan({"plugin": "exposure", "each": each})


def test_a_curve_may_be_named_and_two_points_of_one_differ_in_severity_alone():
    fgsm = {"plugin": "pgd", "label": "near", "each": {"epsilon": [0.1]}}
    other = {"plugin": "pgd", "label": "far", "each": {"epsilon": [0.1]}, "params": {"norm": "L2"}}
    assert {point.curve for point in plan(fgsm, other).points.values()} == {"near", "far"}
    with pytest.raises(SuiteError, match=r"'near.*' and 'far.*' cannot both be on the curve 'near'"):
        plan(fgsm, {**other, "curve": "near"})
    with pytest.raises(SuiteError, match=r"'near.*' and 'twice' cannot both be on the curve 'near'"):
        plan(fgsm, {"plugin": "pgd", "label": "twice", "params": {"epsilon": 0.1}, "curve": "near"})


def test_the_name_of_a_curve_changes_no_key():
    one, two = ({"plugin": "exposure", "label": "Y5", "params": {"years": 5.0}, "curve": name} for name in ("a", "b"))
    assert [cell.key for cell in plan(one).cells] == [cell.key for cell in plan(two).cells]


def test_a_check_holds_a_severity_to_what_it_declares():
    rule = "its severity is a number"
    assert reported("perturbations", blur, {"width": 1.0})[rule] == ("passed", "width arcsec")

    @severity("widht", "arcsec")
    def misspelt(batch, model, rng, *, width: float = 1.0):
        """Blur."""

    @severity("kernel", "")
    def worded(batch, model, rng, *, kernel: str = "box"):
        """Blur."""

    caught("perturbations", misspelt, rule, "its severity 'widht' is not one of its parameters")
    caught("perturbations", worded, rule, "its severity 'kernel' is str, expected a number")


def test_a_list_shows_parameter_unit_direction_and_what_is_harmless():
    console = Console(file=io.StringIO(), width=100)
    console.print(catalogue(Registry.load(), None, "psf"))
    assert "severity: fwhm in arcsec, harder the higher, harmless at 0" in console.file.getvalue()
