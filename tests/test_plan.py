"""Keys say what a number depends on: no more, or work is repeated; no less, or numbers are mixed."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from astrobench.errors import PluginError, SuiteError
from astrobench.plan import cell_from, clean_cell, job_from, make_plan, plain, reference_cell
from astrobench.registry import Registry
from astrobench.suite import check_suite, merged
from hypothesis import given, settings
from hypothesis import strategies as st

BASE: dict[str, Any] = {
    "name": "toy",
    "version": 1,
    "title": "A toy",
    "axes": {
        "dataset": [{"plugin": "lsst_mock", "label": "mock", "params": {"galaxies": 60}}],
        "domain": ["Y10", "Y1"],
        "architecture": ["convnet"],
        "method": ["source_only", "mmd"],
        "perturbation": ["none", {"plugin": "exposure", "label": "Y5", "params": {"years": 5.0}}],
        "seed": [0, 1],
    },
}
REGISTRY = Registry.load()


def plan_of(device: str = "cpu", **over: Any) -> Any:
    suite = check_suite(merged(deepcopy(BASE), over), "toy")
    return make_plan(suite, REGISTRY, "", device)


def jobs(plan: Any) -> set[str]:
    return set(plan.jobs)


def cells(plan: Any) -> set[str]:
    return {cell.key for cell in plan.cells}


def test_the_plan_is_the_cross_product() -> None:
    plan = plan_of()
    assert len(plan.jobs) == 2 * 2
    assert len(plan.cells) == len(cells(plan)) == 2 * 2 * 2 * 2


def test_where_and_exclude_keep_what_they_name() -> None:
    assert len(plan_of(exclude=[{"domain": "Y1", "perturbation": "Y5"}]).cells) == 12
    assert len(plan_of(where=[{"method": "mmd", "seed": [0]}]).cells) == 4
    with pytest.raises(SuiteError, match="leave no cell"):
        plan_of(where=[{"seed": [7]}])


@pytest.mark.parametrize(
    "over",
    [
        {"metrics": ["classification", "cka"]},
        {"title": "Another title"},
        {"version": 2},
        {"timeout": 5.0},
        {"training": {"selection": "snd"}},
        {"axes": {"perturbation": ["none", {"plugin": "exposure", "label": "Y2", "params": {"years": 2.0}}]}},
        {"axes": {"method": [{"plugin": "source_only", "label": "source_only"}, {"plugin": "mmd", "label": "again"}]}},
    ],
    ids=["metric", "title", "version", "timeout", "rule", "perturbation", "label"],
)
def test_what_does_not_change_a_training_does_not_change_its_key(over: dict[str, Any]) -> None:
    assert jobs(plan_of(**over)) == jobs(plan_of())


@pytest.mark.parametrize(
    "over",
    [
        {"training": {"epochs": 3}},
        {"threads": 2},
        {"limit": 10},
        {"axes": {"seed": [2, 3]}},
        {"axes": {"domain": ["Y1", "Y10"]}},
        {"axes": {"dataset": [{"plugin": "lsst_mock", "label": "mock", "params": {"galaxies": 61}}]}},
    ],
    ids=["budget", "threads", "limit", "seeds", "source domain", "dataset"],
)
def test_what_changes_a_training_changes_its_key(over: dict[str, Any]) -> None:
    assert not jobs(plan_of(**over)) & jobs(plan_of())


def test_another_rule_of_selection_predicts_anew_and_trains_nothing() -> None:
    one, other = plan_of(training={"selection": "last"}), plan_of(training={"selection": "dev"})
    assert jobs(one) == jobs(other)
    assert not cells(one) & cells(other)


@pytest.mark.parametrize(
    "second",
    [
        {"plugin": "mmd", "label": "again"},
        {"plugin": "mmd", "label": "again", "params": {"weight": 1.0}},
        {"plugin": "mmd", "label": "again", "training": {"selection": "last"}},
    ],
    ids=["label", "default spelt out", "rule"],
)
def test_two_names_for_one_training_are_refused(second: dict[str, Any]) -> None:
    with pytest.raises(
        SuiteError, match="method 'mmd' and 'again' are one training: nothing but the label, or the rule"
    ):
        plan_of(axes={"method": ["source_only", "mmd", second]})


def test_a_parameter_left_out_is_the_same_as_its_default() -> None:
    spelt = {"axes": {"method": ["source_only", {"plugin": "mmd", "label": "mmd", "params": {"weight": 1.0}}]}}
    assert jobs(plan_of(**spelt)) == jobs(plan_of())


def test_the_device_class_is_in_the_key() -> None:
    assert not jobs(plan_of("cuda")) & jobs(plan_of("cpu"))


def test_one_more_perturbation_leaves_the_other_cells_as_they_were() -> None:
    fewer = plan_of(axes={"perturbation": ["none"]})
    assert cells(fewer) < cells(plan_of())


def test_a_cell_is_held_against_its_unperturbed_twin_or_the_source() -> None:
    plan = plan_of()
    at = {(c.domain, c.perturbation.label): c for c in plan.cells if plan.labels(c)["method"] == "mmd"}
    assert plan.labels(clean_cell(plan, at["Y1", "none"]))["domain"] == "Y10"
    assert plan.labels(clean_cell(plan, at["Y1", "Y5"]))["domain"] == "Y1"
    assert clean_cell(plan, at["Y10", "none"]) == at["Y10", "none"]
    assert plan.labels(reference_cell(plan, at["Y1", "none"]))["method"] == "source_only"
    assert reference_cell(plan, at["Y1", "none"]).domain == "Y1"


def test_a_dataset_may_train_on_another_domain_than_the_first() -> None:
    turned = {**BASE["axes"]["dataset"][0], "label": "turned", "source": "Y1"}
    plan = plan_of(axes={"dataset": [*BASE["axes"]["dataset"], turned]})
    of = {(job.dataset.label, job.source) for job in plan.jobs.values()}
    assert of == {("mock", "Y10"), ("turned", "Y1")}
    held = {(plan.labels(cell)["dataset"], clean.domain) for cell in plan.cells if (clean := clean_cell(plan, cell))
            and cell.perturbation.plugin == "none"}  # fmt: skip
    assert held == {("mock", "Y10"), ("turned", "Y1")}


def test_jobs_and_cells_travel_as_json() -> None:
    plan = plan_of()
    cell = plan.cells[0]
    assert job_from(plain(plan.job_of(cell))) == plan.job_of(cell)
    assert cell_from(plain(cell)) == cell


def test_unknown_names_are_refused_before_anything_runs() -> None:
    with pytest.raises(PluginError, match=r"mmdd.*did you mean 'mmd'"):
        plan_of(axes={"method": ["source_only", "mmdd"]})
    with pytest.raises(SuiteError, match=r"weigth.*did you mean 'weight'"):
        plan_of(axes={"method": ["source_only", {"plugin": "mmd", "params": {"weigth": 1.0}}]})
    with pytest.raises(SuiteError, match="weight"):
        plan_of(axes={"method": ["source_only", {"plugin": "mmd", "params": {"weight": "much"}}]})
    with pytest.raises(SuiteError, match="reference = 'source_only' is not on the method axis"):
        plan_of(axes={"method": ["mmd"]})
    with pytest.raises(SuiteError, match="share the label 'mmd'"):
        plan_of(axes={"method": ["source_only", "mmd", {"plugin": "mmd", "label": "mmd"}]})


@settings(max_examples=25, deadline=None)
@given(st.permutations(["source_only", "mmd", "mmd_deepadversaries"]), st.permutations([0, 1, 2]))
def test_the_order_of_the_axes_changes_no_key(methods: list[str], seeds: list[int]) -> None:
    plan = plan_of(axes={"method": methods, "seed": seeds})
    straight = plan_of(axes={"method": sorted(methods), "seed": [0, 1, 2]})
    assert cells(plan) == cells(straight)
