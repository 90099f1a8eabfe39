"""`astrobench plan` gives a time where one was measured for what is asked, and says so where none was."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from astrobench.cli.estimates import summary
from astrobench.cli.running import Wishes, ordered
from astrobench.engine import Options, Sweep
from astrobench.store import Store
from own_survey import survey

if TYPE_CHECKING:
    from pathlib import Path

    from astrobench.cli.running import Order


def asked(results: Path, **changed: Any) -> Order:
    wishes = {
        "suite": "deepadversaries", "profile": "laptop", "method": None, "architecture": None, "perturbation": None,
        "seeds": None, "limit": None, "device": "cpu", "workers": 1, "results": results, "sets": [],
    }  # fmt: skip
    return ordered(Wishes(**{**wishes, **changed}))


def told(results: Path, **changed: Any) -> str:
    order = asked(results, **changed)
    sweep = Sweep(order.plan, Store(order.results), Options())
    return list(summary(order, sweep.store, sweep.missing()))[1]


def minutes(sentence: str) -> float:
    number, unit = re.search(r"about ([\d.]+) (s|min|h)\b", sentence).groups()  # type: ignore[union-attr]
    return float(number) * {"s": 1 / 60, "min": 1.0, "h": 60.0}[unit]


def test_a_profile_that_nobody_measured_has_no_time(tmp_path: Path) -> None:
    sentence = told(tmp_path, profile="paper")
    assert sentence == (
        "to do: 1 dataset, 40 trainings of 60 epochs, 200 cells; how long that takes is not known: nothing was measured"
        " for profile paper"
    )


def test_no_suite_that_is_shipped_shows_a_time_for_an_unmeasured_profile(tmp_path: Path) -> None:
    for suite in ("deepadversaries", "deepadversaries_published", "deepmerge", "camels_cka", "severity"):
        for profile in asked(tmp_path, suite=suite, profile=None).plan.suite.profiles:
            order = asked(tmp_path, suite=suite, profile=profile)
            assert (order.usual.measured is None) == ("not known" in told(tmp_path, suite=suite, profile=profile))


def test_a_measured_profile_has_its_time_and_scales_with_seeds_and_epochs(tmp_path: Path) -> None:
    sentence = told(tmp_path)
    assert sentence.endswith("judged by the authors' run on two CPU cores")
    drawing, training, cells = 55 / 60, 8 * 80 / 60, 24 * 7 / 60
    assert minutes(sentence) == pytest.approx(drawing + training + cells, abs=0.5)
    assert minutes(told(tmp_path, seeds="0,1,2,3")) == pytest.approx(drawing + 2 * (training + cells), abs=0.5)
    longer = told(tmp_path, sets=["training.epochs=24"])
    assert minutes(longer) == pytest.approx(drawing + 3 * training + cells, abs=0.5)
    assert minutes(told(tmp_path, method="mmd")) < minutes(sentence)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"architecture": "resnet18"}, "architecture resnet18"),
        ({"method": "cdan"}, "method cdan"),
        ({"limit": 50}, "limit = 50"),
        ({"sets": ["training.batch_size=8"]}, "training.batch_size = 8"),
        ({"sets": ["predict.cka_images=4"]}, "predict.cka_images = 4"),
        ({"sets": ["threads=2"]}, "threads = 2"),
        ({"sets": ["axes.dataset=[{plugin='lsst_mock',label='lsst_mock',params={galaxies=60}}]"]}, "dataset lsst_mock"),
    ],
)
def test_settings_that_nobody_measured_are_named(changed: dict[str, Any], why: str, tmp_path: Path) -> None:
    assert f"nothing was measured for {why}" in told(tmp_path, **changed)


def test_a_suite_of_one_s_own_has_a_time_once_this_machine_has_run_it_and_only_for_what_it_ran(tmp_path: Path) -> None:
    wishes = {"suite": str(survey(tmp_path)), "profile": None}
    results = tmp_path / "r"
    assert told(results, **wishes).endswith("nothing was measured for suite mine")
    order = asked(results, **wishes)
    Sweep(order.plan, Store(results), Options(in_process=True)).run()
    assert told(results, **wishes) == "to do: 0 datasets, 0 trainings, 0 cells"
    more = told(results, **wishes, seeds="0,1,2")
    assert "2 trainings of 1 epoch over 6 images, 4 cells; about" in more
    assert more.endswith("judged by this machine's own results")
    assert told(results, **wishes, method="mmd").endswith("nothing was measured for suite mine")


def test_a_suite_s_own_measurement_is_not_that_of_its_profiles(tmp_path: Path) -> None:
    path = survey(tmp_path)
    numbers = "\n[measured]\ndataset_seconds = 1.0\ntraining_seconds = 60.0\ncell_seconds = 0.0\n"
    path.write_text(path.read_text() + numbers + "\n[profiles.big.training]\nepochs = 500\n")
    assert minutes(told(tmp_path / "r", suite=str(path), profile=None)) == pytest.approx(61 / 60, abs=0.02)
    sentence = told(tmp_path / "r", suite=str(path), profile="big")
    assert sentence.endswith("nothing was measured for profile big")
