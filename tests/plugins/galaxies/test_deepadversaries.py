"""What the published files promise, on small files of the same layout."""

from __future__ import annotations

import os
from pathlib import Path

import astrobench
import numpy as np
import pytest
from astrobench import DataError
from astrobench_galaxies import deepadversaries as module
from astrobench_galaxies.deepadversaries import deepadversaries
from astrobench_galaxies.stretch import ArcsinhStretch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SIZES = {"train": 30, "valid": 6, "test": 9}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASTROBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home, rng = tmp_path / "files", np.random.default_rng(5)
    home.mkdir()
    for split, size in {**SIZES, "test_150": 3}.items():
        classes = np.arange(size) % 3
        np.save(home / f"labels_{split}.npy", np.eye(3)[classes])
        for domain, noise in (("Y10", 1.0), ("Y1", 3.0)):
            flux = rng.normal(classes[:, None, None, None], noise, (size, 3, 10, 10)) * 100
            np.save(home / f"images_{domain}_{split}.npy", flux)
    return home


def saved(folder: Path, name: str) -> np.ndarray:
    return np.asarray(np.load(folder / f"{name}.npy"))


def test_images_are_the_files_as_float32_maps(folder: Path) -> None:
    dataset = deepadversaries(folder=folder)
    for part, name in [
        (dataset.train, "images_Y10_train"),
        (dataset.valid, "images_Y10_valid"),
        (dataset.target, "images_Y1_train"),
        (dataset.tests["Y10"], "images_Y10_test"),
        (dataset.tests["Y1"], "images_Y1_test"),
    ]:
        assert isinstance(part.images, np.memmap)
        assert part.images.dtype == np.float32
        np.testing.assert_array_equal(part.images, saved(folder, name).astype(np.float32))


def test_splits_classes_and_domains_are_as_published(folder: Path) -> None:
    dataset = deepadversaries(folder=folder)
    assert (len(dataset.train.images), len(dataset.valid.images), len(dataset.target.images)) == (30, 6, 30)
    assert list(dataset.tests) == ["Y10", "Y1"]
    assert dataset.classes == ("spiral", "elliptical", "merger")
    np.testing.assert_array_equal(dataset.train.labels, np.arange(30) % 3)
    assert dataset.train.labels.dtype == np.int64


def test_row_i_of_both_years_is_one_galaxy_and_splits_share_none(folder: Path) -> None:
    dataset = deepadversaries(folder=folder)
    np.testing.assert_array_equal(dataset.train.ids, dataset.target.ids)
    np.testing.assert_array_equal(dataset.tests["Y10"].ids, dataset.tests["Y1"].ids)
    parts = (dataset.train, dataset.valid, dataset.tests["Y10"])
    assert len(set().union(*(set(part.ids.tolist()) for part in parts))) == sum(SIZES.values())


def test_target_labels_open_only_through_the_oracle(folder: Path) -> None:
    dataset = deepadversaries(folder=folder)
    assert not isinstance(dataset.target, astrobench.Labelled)
    assert dataset.oracle is not None
    np.testing.assert_array_equal(dataset.oracle().labels, np.arange(30) % 3)
    np.testing.assert_array_equal(dataset.oracle().images, dataset.target.images)


def test_the_attack_subset_is_the_test_set_when_asked(folder: Path) -> None:
    tests = deepadversaries(folder=folder, attack_subset=True).tests
    np.testing.assert_array_equal(tests["Y1"].images, saved(folder, "images_Y1_test_150").astype(np.float32))
    assert tests["Y10"].ids.tolist() == tests["Y1"].ids.tolist()


def test_the_notebooks_names_of_the_attack_subset_are_known(folder: Path) -> None:
    for new, old in [
        ("images_Y10_test", "regular_images"),
        ("images_Y1_test", "noisy_images"),
        ("labels_test", "labels"),
    ]:
        (folder / f"{new}_150.npy").rename(folder / f"{old}_150.npy")
    assert len(deepadversaries(folder=folder, attack_subset=True).tests["Y1"].images) == 3


def test_the_stretch_is_fitted_on_source_train_only(folder: Path) -> None:
    dataset = deepadversaries(folder=folder)
    low, high = np.percentile(saved(folder, "images_Y10_train").astype(np.float32), [0.1, 99.9])
    assert isinstance(dataset.train.stretch, ArcsinhStretch)
    np.testing.assert_allclose([dataset.train.stretch.low, dataset.train.stretch.high], [low, high], rtol=1e-6)
    parts = (dataset.valid, dataset.target, *dataset.tests.values())
    assert {part.stretch for part in parts} == {dataset.train.stretch}


def test_the_published_quirk_fits_each_array_by_itself(folder: Path) -> None:
    dataset = deepadversaries(folder=folder, stretch="per_array")
    high = np.percentile(saved(folder, "images_Y1_test").astype(np.float32), 99.9)
    assert dataset.tests["Y1"].stretch.high == pytest.approx(high, rel=1e-6)  # type: ignore[attr-defined]
    parts = (dataset.train, dataset.valid, dataset.target, *dataset.tests.values())
    assert len({part.stretch for part in parts}) == 5


def test_the_sky_is_that_of_the_papers_survey_model(folder: Path) -> None:
    dataset = deepadversaries(folder=folder)
    ten, one = dataset.train.observation, dataset.target.observation
    assert ten is not None
    assert one is not None
    assert (ten.years, one.years, ten.scene) == (10.0, 1.0, None)
    np.testing.assert_allclose(ten.sky, [23_296, 127_198, 179_476], rtol=1e-5)  # galaxies.md §1.2
    np.testing.assert_allclose(one.sky, np.divide(ten.sky, 10))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one_hot=st.booleans(), last=st.booleans(), upper=st.booleans(), dtype=st.sampled_from(["<f4", ">f8"]))
def test_other_layouts_mean_the_same(folder: Path, one_hot: bool, last: bool, upper: bool, dtype: str) -> None:
    expected = deepadversaries(folder=folder)
    other = folder.parent / f"other-{one_hot}-{last}-{upper}-{dtype[1:]}"
    other.mkdir(exist_ok=True)
    for path in folder.glob("*.npy"):
        array = np.load(path)
        if array.ndim == 4:
            array = array.astype(dtype)
            array = np.moveaxis(array, 1, 3) if last else array
        elif not one_hot:
            array = array.argmax(axis=1).astype(float)[:, None]
        np.save(other / (path.name.upper().replace(".NPY", ".npy") if upper else path.name), array)
    found = deepadversaries(folder=other)
    np.testing.assert_allclose(found.train.images, expected.train.images, rtol=1e-6)
    np.testing.assert_array_equal(found.tests["Y1"].labels, expected.tests["Y1"].labels)


def test_splits_without_files_are_cut_from_train_by_class(folder: Path) -> None:
    for path in [*folder.glob("*valid*"), *folder.glob("*_test*")]:
        path.unlink()
    dataset = deepadversaries(folder=folder)
    assert [len(part.ids) for part in (dataset.train, dataset.valid, dataset.tests["Y1"])] == [21, 3, 6]
    assert sorted(dataset.valid.labels.tolist()) == [0, 1, 2]
    assert not set(dataset.train.ids) & set(dataset.tests["Y10"].ids)
    rows = [int(name.removeprefix("train-")) for name in dataset.tests["Y1"].ids]
    expected = saved(folder, "images_Y1_train").astype(np.float32)[rows]
    np.testing.assert_array_equal(dataset.tests["Y1"].images, expected)


def test_a_second_opening_reads_the_same_copies(folder: Path, cache: Path) -> None:
    first = deepadversaries(folder=folder)
    times = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    second = deepadversaries(folder=folder)
    assert times == {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    assert second.train.stretch == first.train.stretch
    np.testing.assert_array_equal(second.train.images, first.train.images)


def test_a_changed_file_is_read_anew(folder: Path) -> None:
    deepadversaries(folder=folder)
    path = folder / "images_Y10_train.npy"
    np.save(path, np.load(path) + 50)
    os.utime(path, ns=(1, 1))
    found = deepadversaries(folder=folder).train.images
    np.testing.assert_array_equal(found, np.load(path).astype(np.float32))


def test_the_caveats_are_told_where_the_dataset_is_listed() -> None:
    told = " ".join((deepadversaries.__doc__ or "").split())
    for caveat in ("224", "before the random split", "progenitor", "33,557", "not header values"):
        assert caveat in told


def replaced(folder: Path, name: str, array: np.ndarray) -> None:
    np.save(folder / f"{name}.npy", array)


BAD = {
    "html": (lambda home: (home / "labels_valid.npy").write_text("<html>"), "labels_valid.npy is a web page"),
    "truncated": (lambda home: os.truncate(home / "images_Y1_train.npy", 5_000), "images_Y1_train.npy is cut short"),
    "lengths": (
        lambda home: replaced(home, "labels_test", np.eye(3)[[0, 1, 2]]),
        "images_Y10_test.npy has 9 images for 3 labels of test; fetch both files again",
    ),
    "shapes": (
        lambda home: replaced(home, "images_Y1_test", np.zeros((9, 3, 8, 8))),
        r"images_Y1_test.npy has images of \(3, 8, 8\), images_Y10_train.npy of \(3, 10, 10\)",
    ),
    "bands": (lambda home: replaced(home, "images_Y1_test", np.zeros((9, 2, 8, 8))), r"want \(N, 3, H, W\) or"),
    "nan": (
        lambda home: replaced(home, "images_Y1_test", np.full((9, 3, 10, 10), np.nan)),
        "images_Y1_test.npy has NaN or infinite pixels in row 0; mend",
    ),
    "beyond float32": (
        lambda home: replaced(home, "images_Y1_test", np.full((9, 3, 10, 10), 1e300)),
        "images_Y1_test.npy has NaN or infinite pixels in row 0",
    ),
    "label": (
        lambda home: replaced(home, "labels_test", np.array([0, 1, 2, 3, 0, 1, 2, 0, 1])),
        "labels_test.npy has label 3 in row 3, want one of 0 spiral, 1 elliptical, 2 merger",
    ),
    "fraction": (lambda home: replaced(home, "labels_test", np.full(9, 0.5)), "has label 0.5 in row 0"),
    "two ones": (lambda home: replaced(home, "labels_test", np.ones((9, 3))), "want a single 1 among zeros"),
    "columns": (lambda home: replaced(home, "labels_test", np.ones((9, 4))), r"labels of shape \(9, 4\), want"),
    "missing labels": (lambda home: (home / "labels_test.npy").unlink(), "has no labels_test.npy; fetch it from"),
    "missing domain": (lambda home: (home / "images_Y1_train.npy").unlink(), "has no images_Y1_train.npy; fetch"),
    "empty": (lambda home: [path.unlink() for path in home.iterdir()], "has no labels_train.npy; fetch it from"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_files_are_one_line_with_the_file_and_the_remedy(folder: Path, case: str) -> None:
    spoil, message = BAD[case]
    spoil(folder)
    with pytest.raises(DataError, match=message) as fault:
        deepadversaries(folder=folder)
    assert "\n" not in str(fault.value)
    assert str(folder) in str(fault.value)


def test_a_missing_attack_subset_is_named(folder: Path) -> None:
    (folder / "labels_test_150.npy").unlink()
    with pytest.raises(DataError, match=r"has no labels_test_150.npy or labels_150.npy; fetch"):
        deepadversaries(folder=folder, attack_subset=True)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no folder .*nowhere; give the folder that holds images_Y10_train.npy"):
        deepadversaries(folder=tmp_path / "nowhere")


def test_a_cache_that_cannot_be_made_is_one_line(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ASTROBENCH_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match="cannot make the cache .*; set ASTROBENCH_CACHE"):
        deepadversaries(folder=folder)


def test_without_a_folder_files_come_from_the_cache_or_zenodo(
    folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ADDRESS", "http://127.0.0.1:9")
    home = cache / "deepadversaries" / "published"
    home.mkdir(parents=True)
    for path in folder.iterdir():
        path.rename(home / path.name)
    assert len(deepadversaries().train.images) == 30
    assert (home / "checksums.json").is_file()
    (home / "images_Y1_train.npy").unlink()
    with pytest.raises(DataError, match="cannot fetch http://127.0.0.1:9/images_Y1_train.npy"):
        deepadversaries()
