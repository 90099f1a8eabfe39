"""The suite `severity`: on the trainings of `deepadversaries`, every curve with its severities, units and columns."""

from __future__ import annotations

import pytest
from astrobench.plan import Plan, make_plan
from astrobench.registry import Registry
from astrobench.suite import read_suite
from astrobench_galaxies import SUITES

REGISTRY = Registry.load()


def plan(name: str, profile: str) -> Plan:
    return make_plan(read_suite(SUITES / f"{name}.toml", profile), REGISTRY, profile, "cpu")


@pytest.mark.parametrize("profile", ["laptop", "paper"])
def test_it_trains_nothing_that_deepadversaries_has_trained(profile: str) -> None:
    mine, theirs = plan("severity", profile), plan("deepadversaries", profile)
    assert mine.jobs.keys() <= theirs.jobs.keys()


@pytest.mark.parametrize("profile", ["laptop", "paper"])
def test_every_column_of_a_curve_has_its_curve(profile: str) -> None:
    found = plan("severity", profile)
    curves = {point.curve for point in found.points.values()}
    shown = {column.perturbation for column in found.suite.columns if column.perturbation != "none"}
    assert shown <= curves
    assert curves - shown <= {"few_pixel"}  # of profile paper alone


def test_curves_are_taken_of_the_source_domain_alone() -> None:
    cells = plan("severity", "laptop").cells
    assert {cell.domain for cell in cells if cell.perturbation.plugin != "none"} == {"Y10"}
    assert {cell.domain for cell in cells if cell.perturbation.plugin == "none"} == {"Y10", "Y1"}


def test_laptop_meets_every_curve_at_most_three_times_and_paper_more() -> None:
    laptop, paper = (plan("severity", profile).points.values() for profile in ("laptop", "paper"))
    for curve in {point.curve for point in laptop}:
        few, many = ([point for point in points if point.curve == curve] for points in (laptop, paper))
        assert 1 <= len(few) <= 3 <= len(many)
