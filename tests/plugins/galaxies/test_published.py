"""Which layouts of the published files are understood, and in which words the others are refused."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
from astrobench import DataError
from astrobench_galaxies.deepadversaries import deepadversaries
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path


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
    expected = np.load(folder / "images_Y1_train.npy").astype(np.float32)[rows]
    np.testing.assert_array_equal(dataset.tests["Y1"].images, expected)


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
        "images_Y1_test.npy has values up to 1e\\+300, and float32 goes from",
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
