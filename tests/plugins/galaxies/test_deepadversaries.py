"""What the published files promise, on small files of the same layout."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import astrobench
import numpy as np
import pytest
from astrobench import DataError
from astrobench_galaxies import deepadversaries as module
from astrobench_galaxies.deepadversaries import deepadversaries
from astrobench_galaxies.stretch import ArcsinhStretch

if TYPE_CHECKING:
    from pathlib import Path


def saved(folder: Path, name: str) -> np.ndarray:
    return np.asarray(np.load(folder / f"{name}.npy"))


def test_images_are_the_files_as_float32_maps(folder: Path) -> None:
    dataset = deepadversaries(folder=folder)
    for part, name in [  # counts over years of exposure
        (dataset.train, "images_Y10_train"),
        (dataset.valid, "images_Y10_valid"),
        (dataset.target, "images_Y1_train"),
        (dataset.tests["Y10"], "images_Y10_test"),
        (dataset.tests["Y1"], "images_Y1_test"),
    ]:
        assert isinstance(part.images, np.memmap)
        assert part.images.dtype == np.float32
        np.testing.assert_array_equal(
            part.images, (saved(folder, name) / (10 if "Y10" in name else 1)).astype(np.float32)
        )


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
    assert len(set().union(*(set(part.ids.tolist()) for part in parts))) == 45


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
    low, high = np.percentile(saved(folder, "images_Y10_train") / 10, [0.1, 99.9])
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
    np.testing.assert_array_equal(found, (np.load(path) / 10).astype(np.float32))


def test_the_caveats_are_told_where_the_dataset_is_listed() -> None:
    told = " ".join((deepadversaries.__doc__ or "").split())
    for caveat in ("224", "before the random split", "progenitor", "33,557", "not header values"):
        assert caveat in told


def test_a_cache_that_cannot_be_made_is_one_line(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ASTROBENCH_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"cannot make the cache .*; set ASTROBENCH_CACHE"):
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
    with pytest.raises(DataError, match=r"cannot fetch http://127.0.0.1:9/images_Y1_train.npy"):
        deepadversaries()
