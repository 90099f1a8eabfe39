"""The dataset as the engine sees it: paired domains, disjoint splits, one stretch, and no label where none belongs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from astrobench import DataError, Dataset, Labelled
from astrobench_galaxies import drawing, exposures
from astrobench_galaxies.lsst_mock import lsst_mock
from astrobench_galaxies.stretch import ArcsinhStretch
from astrobench_galaxies.survey import survey_named

GALAXIES = 60


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _environment(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASTROBENCH_CACHE", str(cache))
    monkeypatch.setenv("ASTROBENCH_CORES", "1")


@pytest.fixture
def mock() -> Dataset:
    return lsst_mock(galaxies=GALAXIES)


def ids(part: object) -> set[str]:
    return set(part.ids.tolist())  # type: ignore[attr-defined]


def test_images_are_read_only_float32_maps_in_the_documented_shape(mock: Dataset):
    for part in (mock.train, mock.valid, mock.target, *mock.tests.values()):
        assert part.images.dtype == np.float32
        assert part.images.shape == (len(part.ids), 3, 100, 100)
        assert isinstance(part.images, np.memmap)
        assert not part.images.flags.writeable


def test_facts_of_the_dataset(mock: Dataset):
    assert (mock.unit, mock.pixel_scale, mock.bands) == ("e-/yr", 0.2, ("g", "r", "i"))
    assert mock.classes == ("spiral", "elliptical", "merger")
    assert mock.synthetic
    assert "synthetic" in mock.licence
    assert "2112.14299" in mock.citation


def test_splits_are_70_10_20_with_source_and_target_sharing_training_equally(mock: Dataset):
    assert (len(mock.train.ids), len(mock.target.ids)) == (21, 21)  # of 42, in whole galaxies a class
    assert len(mock.valid.ids) == 6
    assert [len(part.ids) for part in mock.tests.values()] == [12, 12]


def test_classes_are_balanced_in_every_split(mock: Dataset):
    for part in (mock.train, mock.valid, *mock.tests.values()):
        assert len(set(np.bincount(part.labels, minlength=3).tolist())) == 1


def test_no_galaxy_is_on_two_sides(mock: Dataset):
    sides = [ids(mock.train), ids(mock.target), ids(mock.valid), ids(mock.tests["Y10"])]
    assert sum(map(len, sides)) == len(set.union(*sides)) == GALAXIES


def test_the_domains_test_the_same_galaxies_in_the_same_order(mock: Dataset):
    deep, shallow = mock.tests["Y10"], mock.tests["Y1"]
    assert list(mock.tests) == ["Y10", "Y1"]
    np.testing.assert_array_equal(deep.ids, shallow.ids)
    np.testing.assert_array_equal(deep.labels, shallow.labels)


def test_both_domains_see_one_scene_at_their_exposure_and_sky(mock: Dataset):
    deep, shallow = (mock.tests[name].observation for name in ("Y10", "Y1"))
    assert deep is not None
    assert shallow is not None
    assert (deep.years, shallow.years) == (10.0, 1.0)
    assert deep.sky == survey_named("LSST").sky(10.0)
    np.testing.assert_allclose(deep.scene, np.asarray(shallow.scene) * 10, rtol=1e-6)


@pytest.mark.parametrize("domain", ["Y10", "Y1"])
def test_noise_is_that_of_the_photons(mock: Dataset, domain: str):
    test = mock.tests[domain]
    assert test.observation is not None
    assert test.observation.scene is not None
    residual = test.images * test.observation.gain - test.observation.scene  # in e⁻
    variance = test.observation.scene + np.array(test.observation.sky)[:, None, None]
    assert (residual / np.sqrt(variance)).std() == pytest.approx(1, abs=0.01)
    assert (residual / np.sqrt(variance)).mean() == pytest.approx(0, abs=0.01)


def test_the_domains_do_not_share_their_noise(mock: Dataset):
    noises = [
        (test.images[:, 2] - test.observation.scene[:, 2]).ravel()  # type: ignore[union-attr, index]
        for test in mock.tests.values()
    ]
    assert abs(np.corrcoef(*noises)[0, 1]) < 0.02


def test_target_labels_are_behind_the_oracle_only(mock: Dataset):
    assert not isinstance(mock.target, Labelled)
    assert mock.oracle is not None
    opened = mock.oracle()
    np.testing.assert_array_equal(opened.ids, mock.target.ids)
    np.testing.assert_array_equal(opened.images, mock.target.images)
    assert np.bincount(opened.labels).tolist() == [7, 7, 7]


def test_one_stretch_is_fitted_on_source_training(mock: Dataset):
    fitted = ArcsinhStretch.fit(mock.train.images)
    assert {part.stretch for part in (mock.train, mock.valid, mock.target, *mock.tests.values())} == {fitted}


def test_the_published_quirk_fits_every_array_by_itself(mock: Dataset):
    quirky = lsst_mock(galaxies=GALAXIES, stretch="per_array")
    for part in (quirky.train, quirky.valid, quirky.target, *quirky.tests.values()):
        assert part.stretch == ArcsinhStretch.fit(part.images)
    np.testing.assert_array_equal(quirky.train.images, mock.train.images)


def test_the_same_galaxies_may_train_both_domains(mock: Dataset):
    same = lsst_mock(galaxies=GALAXIES, same_galaxies=True)
    assert ids(same.train) == ids(same.target) == ids(mock.train) | ids(mock.target)
    assert ids(same.tests["Y10"]) == ids(mock.tests["Y10"])


def test_a_galaxys_image_does_not_depend_on_how_many_are_drawn(mock: Dataset):
    fewer = lsst_mock(galaxies=30)
    shared = sorted(ids(fewer.train) & ids(mock.train))
    assert shared
    for name in shared:
        ours, theirs = (part.images[part.ids == name] for part in (fewer.train, mock.train))
        np.testing.assert_array_equal(ours, theirs)


def test_domains_are_named_after_their_years():
    assert list(lsst_mock(galaxies=30, source_years=5, target_years=0.5).tests) == ["Y5", "Y0.5"]


def test_a_second_call_neither_draws_nor_observes(mock: Dataset, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(drawing, "in_parallel", refuse)
    monkeypatch.setattr(exposures, "in_parallel", refuse)
    again = lsst_mock(galaxies=GALAXIES)
    np.testing.assert_array_equal(again.train.images, mock.train.images)


def test_damaged_images_are_observed_again(mock: Dataset):
    path = Path(mock.valid.images.filename)  # type: ignore[attr-defined]
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    lsst_mock(galaxies=GALAXIES)
    assert path.read_bytes() == whole


def test_an_interrupted_observation_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, cache: Path):
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = sorted((cache / "lsst_mock" / "images").iterdir())
    monkeypatch.setattr(exposures, "in_parallel", interrupt)
    with pytest.raises(KeyboardInterrupt):
        lsst_mock(galaxies=33)
    assert sorted((cache / "lsst_mock" / "images").iterdir()) == before


def test_workers_in_other_processes_draw_the_same_bits(mock: Dataset, tmp_path: Path):
    program = "from astrobench_galaxies.lsst_mock import lsst_mock\nif __name__ == '__main__': lsst_mock(galaxies=120)"
    script = tmp_path / "draw.py"
    script.write_text(program)
    environment = os.environ | {"ASTROBENCH_CACHE": str(tmp_path), "ASTROBENCH_CORES": "2"}
    subprocess.run([sys.executable, str(script)], env=environment, check=True)
    theirs = sorted((tmp_path / "lsst_mock" / "scenes").rglob("00000[01].npy"))
    ours = sorted((drawing.cache_folder("lsst_mock", "scenes")).rglob("00000[01].npy"))
    assert [path.read_bytes() for path in theirs] == [path.read_bytes() for path in ours]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"galaxies": 29}, "galaxies is 29, want at least 30"),
        ({"brightest": 24.2}, "brightest is 24.2 and faintest 24.2, want brightest < faintest"),
        ({"target_years": 0.0}, "target_years is 0, want a number above 0"),
        ({"source_years": float("nan")}, "source_years is nan"),
        ({"target_years": 10.0}, "source_years and target_years are both 10"),
        ({"survey": "LSSTT"}, "no survey named 'LSSTT'; did you mean 'LSST'"),
    ],
)
def test_bad_input_is_told_in_one_line_before_anything_is_drawn(wrong: dict, message: str):
    with pytest.raises(DataError, match=message) as fault:
        lsst_mock(**wrong)
    assert "\n" not in str(fault.value)


def test_what_a_killed_process_left_is_swept_up_after_a_day(cache: Path):
    root = cache / "lsst_mock" / "images"
    root.mkdir(parents=True, exist_ok=True)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    names = {"old": f".a.{dead.pid}.part", "fresh": f".b.{dead.pid}.part", "alive": f".c.{os.getpid()}.part"}
    for name, folder in names.items():
        (root / folder).mkdir()
        if name != "fresh":
            os.utime(root / folder, (0, 0))
    lsst_mock(galaxies=30, target_years=2)
    assert [name for name, folder in names.items() if (root / folder).exists()] == ["fresh", "alive"]
    for name in ("fresh", "alive"):
        (root / names[name]).rmdir()
