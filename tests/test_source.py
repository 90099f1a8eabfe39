"""Which domain a training learns is what its dataset says; a suite that contradicts it is refused before training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from astrobench.engine import Options, Sweep
from astrobench.errors import DataError
from astrobench.plan import make_plan
from astrobench.registry import Registry
from astrobench.store import Store
from astrobench.suite import check_suite
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

INSTALLED = Registry.load()
WRONG = (
    r"dataset 'mine' trains on 'near', but the suite takes 'far' for its source: put 'near' first on the domain axis,"
    r" or give the dataset's entry source = 'near'"
)


def sweep(folder: Path, domain: list[str], **entry: Any) -> Sweep:
    params = {"catalogue": str(folder / "sky.csv"), "source": "near", "target": "far", "size": 8}
    dataset = {"plugin": "image_folder", "label": "mine", "params": params, **entry}
    axes = {"dataset": [dataset], "domain": domain, "architecture": ["convnet"], "method": ["source_only"], "seed": [0]}
    body = {"name": "mine", "version": 1, "title": "Mine", "axes": axes, "training": {"epochs": 1, "batch_size": 2}}
    return Sweep(make_plan(check_suite(body, "mine"), INSTALLED, "", "cpu"), Store(folder / "results"), Options())


@pytest.fixture
def survey(tmp_path: Path) -> Path:
    rows, stream = ["path,label,domain"], np.random.default_rng(0)
    for number in range(24):
        domain, label = ("near", "far")[number % 2], ("round", "flat")[number // 2 % 2]
        pixels = stream.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
        rows.append(f"{number}.png,{label},{domain}")
    (tmp_path / "sky.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return tmp_path


def test_a_domain_axis_that_does_not_begin_with_the_source_is_refused_before_training(survey: Path) -> None:
    with pytest.raises(DataError, match=WRONG):
        sweep(survey, ["far", "near"]).run()
    assert not (survey / "results" / "trainings").exists()


def test_it_is_refused_too_where_another_suite_prepared_the_dataset(survey: Path) -> None:
    sweep(survey, ["near", "far"]).prepare()
    with pytest.raises(DataError, match=WRONG):
        sweep(survey, ["far", "near"]).prepare()
    with pytest.raises(DataError, match=WRONG):
        sweep(survey, ["near", "far"], source="far").prepare()


def test_an_entry_may_name_its_source_on_an_axis_of_any_order(survey: Path) -> None:
    turned = sweep(survey, ["far", "near"], source="near")
    assert {(row.domain, row.status) for row in turned.run()} == {("near", "ok"), ("far", "ok")}
    assert {job.source for job in turned.plan.jobs.values()} == {"near"}
