"""A suite is refused in one sentence: key path, value, what is allowed, the nearest name."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from astrobench.errors import SuiteError
from astrobench.suite import check_suite, merged, profiles_of, read_suite

if TYPE_CHECKING:
    from pathlib import Path

BASE: dict[str, Any] = {
    "name": "toy",
    "version": 1,
    "title": "A toy",
    "axes": {"dataset": ["a"], "domain": ["Y10"], "architecture": ["net"], "method": ["source_only"], "seed": [0]},
}


def with_(**over: Any) -> dict[str, Any]:
    return merged(deepcopy(BASE), over)


def test_a_plugin_may_stand_as_text_or_as_a_table() -> None:
    suite = check_suite(with_(axes={"method": ["source_only", {"plugin": "mmd", "params": {"weight": 0.1}}]}), "toy")
    assert [use.label for use in suite.axes.method] == ["source_only", "mmd(weight=0.1)"]
    assert suite.axes.method[1].params == {"weight": 0.1}


def test_a_whole_number_stands_for_a_float_but_text_does_not() -> None:
    assert check_suite(with_(training={"learning_rate": 1}), "toy").training.learning_rate == 1.0
    with pytest.raises(SuiteError, match=r'training\.epochs = "3"'):
        check_suite(with_(training={"epochs": "3"}), "toy")


@pytest.mark.parametrize(
    ("over", "sentence"),
    [
        ({"traning": {}}, r"unknown key 'traning'; did you mean 'training'\?"),
        (
            {"columns": [{"title": "A", "score": "accuracy", "domain": domain} for domain in ("Y10", "Y1")]},
            "two columns are titled 'A': each needs a title of its own",
        ),
        ({"training": {"epoch": 3}}, r"unknown key 'training\.epoch'; did you mean 'epochs'\?"),
        ({"training": {"optimizer": "adm"}}, r"training\.optimizer = \"adm\": is not allowed; did you mean 'adam'\?"),
        ({"training": {"epochs": 0}}, r"training\.epochs = 0: .*greater than or equal to 1"),
        ({"axes": {"methods": ["x"]}}, r"unknown key 'axes\.methods'; did you mean 'method'\?"),
        ({"axes": {"method": [{"plugin": "m", "parms": {}}]}}, r"axes\.method\.0\.parms'; did you mean 'params'\?"),
        ({"axes": {"seed": [-1]}}, r"axes\.seed\.0 = -1"),
        ({"columns": [{"titel": "x", "score": "a", "domain": "Y10"}]}, r"columns\.0\.titel|columns\.0\.title"),
        ({"name": "Bad Name"}, r"name = \"Bad Name\""),
        ({"where": [{"metod": "x"}]}, r"did you mean 'method'\?"),
    ],
)
def test_each_fault_is_one_sentence_with_its_path(over: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SuiteError, match=sentence) as caught:
        check_suite(with_(**over), "toy.toml")
    assert "\n" not in str(caught.value)


def test_a_profile_lies_over_the_suite_and_overrides_over_both(tmp_path: Any) -> None:
    path = tmp_path / "toy.toml"
    path.write_text(
        'name = "toy"\nversion = 1\ntitle = "t"\ndefault_profile = { cpu = "small" }\n'
        '[axes]\ndataset = ["a"]\ndomain = ["d"]\narchitecture = ["n"]\nmethod = ["source_only"]\n'
        "[training]\nepochs = 9\nbatch_size = 8\n[profiles.small.training]\nepochs = 2\n"
    )
    assert read_suite(path).training.epochs == 9
    assert read_suite(path, "small").training.epochs == 2
    assert read_suite(path, "small").training.batch_size == 8
    assert read_suite(path, "small", {"training": {"epochs": 4}}).training.epochs == 4
    assert profiles_of(path) == ({"cpu": "small"}, ("small",))
    with pytest.raises(SuiteError, match=r"no profile 'smal'; did you mean 'small'\?"):
        read_suite(path, "smal")


def test_a_filter_on_a_label_that_no_profile_has_is_refused(tmp_path: Any) -> None:
    text = (
        'name = "toy"\nversion = 1\ntitle = "t"\n[axes]\ndataset = ["a"]\ndomain = ["Y10", "Y1"]\n'
        'architecture = ["n"]\nmethod = ["source_only"]\n[[exclude]]\ndomain = "Y11"\n'
    )
    (tmp_path / "toy.toml").write_text(text)
    with pytest.raises(SuiteError, match=r"exclude\.domain = 'Y11' is not on that axis; did you mean 'Y1"):
        read_suite(tmp_path / "toy.toml")
    (tmp_path / "toy.toml").write_text(text + '[profiles.big.axes]\ndomain = ["Y10", "Y1", "Y11"]\n')
    assert read_suite(tmp_path / "toy.toml").exclude == ({"domain": "Y11"},)


def test_a_file_that_is_not_there_or_not_toml_is_said_so(tmp_path: Any) -> None:
    with pytest.raises(SuiteError, match="cannot read suite"):
        read_suite(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("name = ")
    with pytest.raises(SuiteError, match="is not TOML"):
        read_suite(tmp_path / "bad.toml")


LABELS = """
name = "toy"
version = 1
title = "A toy"
published = [{ dataset = "there", architecture = "net", method = "m", column = "A", source = "talk" }]
[axes]
dataset = [{ plugin = "a", label = "there" }, { plugin = "a", label = "back", source = "Y1" }]
domain = ["Y10", "Y1"]
architecture = ["net"]
method = ["source_only"]
[rank]
domain = "Y1"
of = { back = "Y10" }
[cross]
trained = { Y10 = "there", Y1 = "back" }
tested = ["Y10", "Y1"]
scores = [{ title = "Accuracy", score = "accuracy" }]
"""


def test_tables_may_name_datasets_and_domains_of_the_axes(tmp_path: Path) -> None:
    path = tmp_path / "toy.toml"
    path.write_text(LABELS)
    suite = read_suite(path)
    assert suite.cross is not None
    assert suite.cross.trained == {"Y10": "there", "Y1": "back"}
    assert [use.source for use in suite.axes.dataset] == [None, "Y1"]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('dataset = "there", arch', 'dataset = "thre", arch', "published.dataset = 'thre' is not on the axis dataset"),
        ('source = "Y1"', 'source = "Y2"', "axes.dataset.source = 'Y2' is not on the axis domain; did you mean 'Y1'"),
        ("back = ", "bak = ", "rank.of = 'bak' is not on the axis dataset; did you mean 'back'"),
        ('back = "Y10"', 'back = "Y11"', "rank.of of a dataset = 'Y11' is not on the axis domain"),
        ("{ Y10 = ", "{ Y9 = ", "cross.trained = 'Y9' is not on the axis domain"),
        ('= "back" }', '= "bakc" }', "cross.trained of a domain = 'bakc' is not on the axis dataset"),
        ('tested = ["Y10", "Y1"]', 'tested = ["Y10", "Y3"]', "cross.tested = 'Y3' is not on the axis domain"),
        ('tested = ["Y10", "Y1"]', 'tested = ["Y10"]', "cross.tested = .*at least 2"),
    ],
)
def test_a_name_that_is_on_no_axis_is_refused(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    path = tmp_path / "toy.toml"
    assert old in LABELS
    path.write_text(LABELS.replace(old, new))
    with pytest.raises(SuiteError, match=sentence) as caught:
        read_suite(path)
    assert "\n" not in str(caught.value)
